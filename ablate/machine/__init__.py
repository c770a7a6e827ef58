"""What this machine is: processor, GPU, programs and versions; never what is trained on it."""
