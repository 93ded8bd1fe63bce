"""The set phrases of a report, in English and Welsh."""
