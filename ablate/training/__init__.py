"""How recipes are trained, kind by kind: opening and planning a study of them, and their trainers. Only image recipes need torch."""
