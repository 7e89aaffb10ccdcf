"""What completes a command line that is being typed, and the scripts by which bash, zsh and fish ask for it."""
