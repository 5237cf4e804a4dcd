# Sourced by up.sh, down.sh and by people. RC is the folder in which everything is installed and runs.
export RC=${RC:-${TMPDIR:-/tmp}/hothouse-realcloud}
export H=127.0.0.1
export P_DB=23306 P_MQ=25673 P_MQDIST=25674 P_EPMD=24369
export P_KEYSTONE=25000 P_HEAT=28004 P_NOVA=28774 P_PLACEMENT=28778 P_NEUTRON=29696 P_GLANCE=29292
export PW=s3cret-for-loopback
export PATH=$RC/venv/bin:$PATH
unset OS_CLOUD OS_AUTH_URL
export OS_CLIENT_CONFIG_FILE=$RC/clouds.yaml
# Whether a service runs: its process is there, is no zombie that nobody reaps, and is one that was started in $RC (its
# number may have gone to another since).
alive() {
  local pid; pid=$(cat "$RC/run/$1.pid" 2>/dev/null) || return 1
  grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$pid/status" || return 1
  case $(readlink "/proc/$pid/cwd") in "$RC" | "$RC"/*) return 0 ;; *) return 1 ;; esac
}
