"""From networks and predictions to grouping, statistics, tables, and the verdicts on the claims."""
