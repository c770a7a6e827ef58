"""How values are written down and read: canonical JSON and its digest, checked fields, harmless text; nothing of studies."""
