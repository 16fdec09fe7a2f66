#!/bin/bash
# What `make run` says before the broker starts.
cat <<'TEXT'

  Orloj is about to listen on localhost:9092. In another terminal, copy and paste:

    echo "ten seconds later" | kcat -b localhost:9092 -P -t hello -H schedule-delay=10s
    kcat -b localhost:9092 -C -t hello -u -f '%s   (%h)\n'

  The first line sends a record that nobody can read for ten seconds; the second waits for it.
  Ctrl-C stops the broker.

TEXT
