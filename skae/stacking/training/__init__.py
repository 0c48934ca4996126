"""How a stack trains: members, their rows and draws, one loop for all."""
