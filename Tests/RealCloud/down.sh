#!/bin/bash
# Ends what up.sh started, and nothing else: the processes of run/*.pid, each the leader of its own group.
# usage: down.sh        a fresh cloud afterwards: remove $RC
. "$(dirname "$0")/env.sh"; cd "$RC" || exit 0
order="nova-compute nova-scheduler nova-conductor nova-api neutron-api glance-api placement-api heat-api heat-engine keystone rabbitmq epmd mariadb"
for n in $order; do  # ask all services first, infrastructure (rabbitmq, epmd, mariadb) only in its turn below
  case $n in rabbitmq|epmd|mariadb) continue;; esac
  [ -f run/$n.pid ] && kill -TERM $(cat run/$n.pid) 2>/dev/null
done
for n in $order; do
  [ -f run/$n.pid ] || continue; p=$(cat run/$n.pid)
  if kill -0 $p 2>/dev/null; then
    kill -TERM $p; for i in $(seq 50); do kill -0 $p 2>/dev/null || break; sleep .2; done
    kill -0 $p 2>/dev/null && kill -KILL -- -$p 2>/dev/null
    echo "ended $n ($p)"
  fi
  rm -f run/$n.pid
done
