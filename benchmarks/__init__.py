"""What is fast, against what a user would run instead: `make bench`."""
