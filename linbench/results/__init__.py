"""Pure functions of records, without torch: tables, statistics, the report, and data for other programs."""
