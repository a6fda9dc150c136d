"""Training: initial networks, schedules, the step, the loop."""
