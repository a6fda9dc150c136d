"""Where a result came from: the code it depends on, the record of its making, the audit."""
