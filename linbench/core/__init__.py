"""What is known without knowing pluggy or click: specs, plans, problems, engines, records, tables."""
