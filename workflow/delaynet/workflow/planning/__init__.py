"""What would run and why, how many trainings, for how long: before anything runs."""
