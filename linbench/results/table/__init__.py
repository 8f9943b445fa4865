"""The table of a comparison and the notes below it: `render.render`."""
