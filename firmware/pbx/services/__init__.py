"""What a telephone can do with its calls beyond making and taking them."""
