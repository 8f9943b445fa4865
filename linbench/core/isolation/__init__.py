"""Keep third-party code from leaving traces: `isolate.isolate` and `process_state.restore_process_state` run it."""
