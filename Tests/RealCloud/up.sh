#!/bin/bash
# Brings up a real Keystone and Heat on loopback, with --full Placement, Glance, Neutron and Nova too (with Nova's
# fake driver). Again is harmless, and restarts what died. Everything is in $RC; down.sh ends it.
# usage: up.sh [--full]        as root, on Debian 12: MariaDB and RabbitMQ come from apt, the services from PyPI
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); . "$here/env.sh"
mkdir -p "$RC"; cd "$RC"
FULL=0; [ "${1:-}" = --full ] && FULL=1
mkdir -p etc log run data
T0=$(date +%s.%N)
say(){ printf '%7.1fs  %s\n' "$(/usr/bin/python3 -c "import time;print(time.time()-$T0)")" "$*"; }
spawn(){ local n=$1; shift; alive "$n" && return 0; setsid nohup "$@" >>log/$n.log 2>&1 </dev/null & echo $! >run/$n.pid; }
waitfor(){ local n=$1 s=$2; shift 2; local end=$((SECONDS+s)); while ((SECONDS<end)); do timeout 60 "$@" >/dev/null 2>&1 && return 0; alive "$n" || { echo "$n died, see log/$n.log"; tail -20 log/$n.log; exit 1; }; sleep .2; done; echo "timeout waiting for $n: $*"; exit 1; }

# ---------- install
packages="mariadb-server rabbitmq-server python3-venv python3-dev gcc curl"
if ! dpkg -s $packages >/dev/null 2>&1; then
  say apt; apt-get update -qq >log/apt.log 2>&1
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages >>log/apt.log 2>&1
fi
if [ ! -f run/venv.ok ]; then
  say venv; /usr/bin/python3 -m venv venv >/dev/null; venv/bin/pip install -q uv >log/pip.log 2>&1
  VIRTUAL_ENV=$RC/venv venv/bin/uv pip install -q keystone==30.0.0 openstack-heat==27.0.1 pymysql uwsgi \
     python-openstackclient python-heatclient openstacksdk setuptools >>log/pip.log 2>&1
  touch run/venv.ok
fi
if [ $FULL = 1 ] && [ ! -f run/venvfull.ok ]; then
  say venv-full; VIRTUAL_ENV=$RC/venv venv/bin/uv pip install -q nova==34.0.0 neutron==29.0.0 glance==33.0.0 openstack-placement==16.0.0 python-neutronclient >>log/pip.log 2>&1
  VIRTUAL_ENV=$RC/venv venv/bin/uv pip install -q "$here/ml2stub" >>log/pip.log 2>&1
  touch run/venvfull.ok
fi
say installed

# ---------- mariadb
if [ ! -d data/mysql/mysql ]; then
  mariadb-install-db --no-defaults --user=root --datadir=$RC/data/mysql --auth-root-authentication-method=normal --skip-test-db >log/mysql-install.log 2>&1
fi
spawn mariadb mariadbd --no-defaults --user=root --datadir=$RC/data/mysql --socket=$RC/run/mysql.sock --pid-file=$RC/data/mysqld.pid \
  --bind-address=$H --port=$P_DB --skip-name-resolve --max-connections=400 --innodb-buffer-pool-size=256M \
  --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --performance-schema=OFF --character-set-server=utf8mb3
# ---------- rabbitmq (own epmd, own node, loopback only)
export HOME_RABBIT=$RC/data/rabbit; mkdir -p $HOME_RABBIT
cat >etc/rabbitmq.conf <<C
listeners.tcp.1 = $H:$P_MQ
default_user = os
default_pass = $PW
log.file.level = warning
C
echo '[].' >etc/enabled_plugins
export ERL_EPMD_ADDRESS=$H ERL_EPMD_PORT=$P_EPMD
spawn epmd epmd -address $H -port $P_EPMD
spawn rabbitmq env HOME=$HOME_RABBIT RABBITMQ_NODENAME=rc@localhost RABBITMQ_MNESIA_BASE=$HOME_RABBIT/mnesia RABBITMQ_LOG_BASE=$RC/log/rabbit \
  RABBITMQ_CONFIG_FILE=$RC/etc/rabbitmq.conf RABBITMQ_ENABLED_PLUGINS_FILE=$RC/etc/enabled_plugins RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_DIST_PORT=$P_MQDIST \
  RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +sbwtdcpu none +sbwtdio none +S 2:2 -kernel inet_dist_use_interface {127,0,0,1}" \
  /usr/lib/rabbitmq/bin/rabbitmq-server
SQL="mariadb --no-defaults -uroot -S $RC/run/mysql.sock"
waitfor mariadb 300 $SQL -e 'select 1'
DBS="keystone heat"; [ $FULL = 1 ] && DBS="$DBS placement glance neutron nova nova_api nova_cell0"
for d in $DBS; do echo "create database if not exists $d; grant all on $d.* to os@'$H' identified by '$PW';"; done | $SQL
say database up
db(){ echo "mysql+pymysql://os:$PW@$H:$P_DB/$1?charset=utf8"; }
MQ="rabbit://os:$PW@$H:$P_MQ/"
AUTHURL=http://$H:$P_KEYSTONE/v3
authtoken(){ cat <<C
www_authenticate_uri = http://$H:$P_KEYSTONE
auth_url = http://$H:$P_KEYSTONE
auth_type = password
username = $1
password = $PW
project_name = service
user_domain_name = Default
project_domain_name = Default
C
}
wsgi(){ # name module port procs threads env...
  local n=$1 m=$2 p=$3 pr=$4 th=$5; shift 5
  spawn $n env "$@" uwsgi --master --die-on-term --need-app --lazy-apps --enable-threads --thunder-lock --buffer-size 65535 \
   --http-socket $H:$p --add-header "Connection: close" --processes $pr --threads $th --module $m --procname-prefix "$n " --disable-logging; }

# ---------- keystone
cat >etc/keystone.conf <<C
[DEFAULT]
log_dir = $RC/log
log_file = keystone-app.log
[database]
connection = $(db keystone)
[token]
provider = fernet
expiration = ${TOKEN_LIFE:-3600}
[fernet_tokens]
key_repository = $RC/data/fernet
[credential]
key_repository = $RC/data/credential-keys
[security_compliance]
# default false since keystone 27.1.0/28.1.0/29.0.2 (LP#2150089): then Heat answers 500 to every stack create made with an application credential
allow_insecure_application_credential_trust_escalation = ${ALLOW_TRUST:-true}
[oslo_messaging_notifications]
driver = noop
C
KM="keystone-manage --config-file $RC/etc/keystone.conf"
if [ ! -f run/keystone.ok ]; then
  mkdir -p data/fernet data/credential-keys; chmod 700 data/fernet data/credential-keys
  $KM db_sync >>log/keystone-setup.log 2>&1
  $KM fernet_setup --keystone-user root --keystone-group root >>log/keystone-setup.log 2>&1
  $KM credential_setup --keystone-user root --keystone-group root >>log/keystone-setup.log 2>&1
  $KM bootstrap --bootstrap-password $PW --bootstrap-region-id RegionOne --bootstrap-admin-url $AUTHURL --bootstrap-public-url $AUTHURL --bootstrap-internal-url $AUTHURL >>log/keystone-setup.log 2>&1
  touch run/keystone.ok; say keystone db ready
fi
wsgi keystone keystone.wsgi.api:application $P_KEYSTONE 2 1 OS_KEYSTONE_CONFIG_FILES=$RC/etc/keystone.conf OS_KEYSTONE_CONFIG_DIR=$RC/etc
cat >clouds.yaml.admin <<C
  admin:
    auth: {auth_url: "http://$H:$P_KEYSTONE/v3", username: admin, password: $PW, project_name: admin, user_domain_name: Default, project_domain_name: Default}
    region_name: RegionOne
    identity_api_version: 3
C
[ -f clouds.yaml ] || { echo clouds:; cat clouds.yaml.admin; } >clouds.yaml
waitfor keystone 300 curl -m 5 -sf http://$H:$P_KEYSTONE/v3
say keystone up

# ---------- users, roles, catalogue, application credentials
if [ ! -f run/identity.ok ]; then
  venv/bin/python "$here/identity.py" >>log/identity.log 2>&1 || { tail -20 log/identity.log; exit 1; }
  touch run/identity.ok; say identity ready
fi

# ---------- heat
cat >etc/heat.conf <<C
[DEFAULT]
log_dir = $RC/log
transport_url = $MQ
heat_metadata_server_url = http://$H:28000
heat_waitcondition_server_url = http://$H:28000/v1/waitcondition
stack_domain_admin = heat_domain_admin
stack_domain_admin_password = $PW
stack_user_domain_name = heat
auth_encryption_key = 0123456789abcdef0123456789abcdef
num_engine_workers = 1
enable_stack_abandon = true
enable_stack_adopt = true
region_name_for_services = RegionOne
[database]
connection = $(db heat)
[keystone_authtoken]
$(authtoken heat)
[trustee]
$(authtoken heat)
[clients_keystone]
auth_uri = http://$H:$P_KEYSTONE
[paste_deploy]
api_paste_config = $RC/venv/etc/heat/api-paste.ini
[oslo_messaging_notifications]
driver = noop
C
sed -i "s#^auth_encryption_key.*#&\nenvironment_dir = $RC/venv/etc/heat/environment.d\ntemplate_dir = $RC/venv/etc/heat/templates#" etc/heat.conf
if [ ! -f run/heat.ok ]; then heat-manage --config-file etc/heat.conf db_sync >>log/heat-setup.log 2>&1; touch run/heat.ok; say heat db ready; fi
waitfor rabbitmq 300 bash -c "exec 3<>/dev/tcp/$H/$P_MQ"
say rabbitmq up
spawn heat-engine heat-engine --config-file etc/heat.conf --log-file $RC/log/heat-engine-app.log
mkdir -p home; ln -sfn $RC/etc home/.heat   # heat.wsgi.api only looks in ~/.heat, ~ and /etc/heat
wsgi heat-api heat.wsgi.api:application $P_HEAT 1 4 HOME=$RC/home
waitfor heat-api 300 curl -m 5 -s -o /dev/null http://$H:$P_HEAT/
waitfor heat-engine 300 venv/bin/python "$here/heat_answers.py"
say heat up
if [ $FULL = 1 ]; then . "$here/full.sh"; fi
say "up: $RC/clouds.yaml has the clouds admin, demo, other, portal, portal-restricted"
