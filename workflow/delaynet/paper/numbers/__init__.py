"""Every number that the manuscript prints, by key."""
