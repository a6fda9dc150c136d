"""Where a result came from: the code it depends on, the record of its job, the audit."""
