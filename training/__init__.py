"""Training: one loop for every task, the networks, and their honest evaluation."""
