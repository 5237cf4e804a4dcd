#!/bin/bash
# Ends what up.sh started, and nothing else: the processes of run/*.pid, each the leader of its own group.
# usage: down.sh        a fresh cloud afterwards: remove $RC
. "$(dirname "$0")/env.sh"; cd "$RC" || exit 0
services="nova-compute nova-scheduler nova-conductor nova-api neutron-api glance-api placement-api heat-api heat-engine keystone"
for n in $services; do alive $n && kill -TERM "$(cat run/$n.pid)"; done
for n in $services rabbitmq epmd mariadb; do # what others stand on comes last
  if alive $n; then
    pid=$(cat run/$n.pid)
    kill -TERM $pid; for i in $(seq 50); do alive $n || break; sleep .2; done
    alive $n && kill -KILL -- -$pid
    echo "ended $n ($pid)"
  fi
  rm -f run/$n.pid
done
