"""What is soldered where: a board description in, ports out."""
