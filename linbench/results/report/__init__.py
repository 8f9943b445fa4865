"""One self-contained HTML file of a run: `page.render_report`."""
