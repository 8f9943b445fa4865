"""Third-party code leaves no traces: run it inside `isolate.isolate` or `process_state.restore_process_state`."""
