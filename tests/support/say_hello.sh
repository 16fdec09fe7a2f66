#!/bin/bash
# What `make run` says before the broker starts.
cat <<'TEXT'

  Orloj listens on localhost:9092. In another terminal:

    kcat -b localhost:9092 -C -t hello -u -f '%s   (due %h)\n'
    echo "ten seconds later" | kcat -b localhost:9092 -P -t hello -H schedule-delay=10s

  The first line waits for records; the second sends one that shows up in ten seconds.
  Ctrl-C stops the broker.

TEXT
