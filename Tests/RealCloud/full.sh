# Sourced by up.sh --full: Placement, Glance, Neutron, Nova.
if [ ! -f run/fullidentity.ok ]; then WITH_FULL_CATALOG=1 venv/bin/python "$here/identity.py" >>log/identity.log 2>&1 || { tail log/identity.log; exit 1; }; touch run/fullidentity.ok; say full catalogue; fi
mkdir -p data/images data/nova data/neutron etc/nova etc/neutron etc/glance etc/placement
# ---- placement
cat >etc/placement/placement.conf <<C
[DEFAULT]
log_file = $RC/log/placement-app.log
[api]
auth_strategy = keystone
[placement_database]
connection = $(db placement)
[keystone_authtoken]
$(authtoken placement)
C
# ---- glance
cat >etc/glance/glance-api.conf <<C
[DEFAULT]
log_file = $RC/log/glance-app.log
enabled_backends = files:file
image_cache_dir = $RC/data/imgcache
[database]
connection = $(db glance)
[glance_store]
default_backend = files
[files]
filesystem_store_datadir = $RC/data/images
[os_glance_staging_store]
filesystem_store_datadir = $RC/data/staging
[os_glance_tasks_store]
filesystem_store_datadir = $RC/data/tasks
[keystone_authtoken]
$(authtoken glance)
[paste_deploy]
flavor = keystone
config_file = $RC/venv/etc/glance/glance-api-paste.ini
[oslo_messaging_notifications]
driver = noop
C
cp venv/etc/glance/glance-api-paste.ini etc/glance/; mkdir -p data/staging data/tasks data/imgcache
# ---- neutron
cat >etc/neutron/neutron.conf <<C
[DEFAULT]
log_file = $RC/log/neutron-app.log
transport_url = $MQ
core_plugin = ml2
service_plugins = router
auth_strategy = keystone
state_path = $RC/data/neutron
api_paste_config = $RC/venv/etc/neutron/api-paste.ini
notify_nova_on_port_status_changes = true
notify_nova_on_port_data_changes = true
rpc_response_timeout = 10
[database]
connection = $(db neutron)
[keystone_authtoken]
$(authtoken neutron)
[nova]
$(authtoken nova)
region_name = RegionOne
[placement]
$(authtoken placement)
[oslo_concurrency]
lock_path = $RC/data/neutron/lock
[oslo_messaging_notifications]
driver = noop
[ml2]
type_drivers = flat,vlan,vxlan
tenant_network_types = vxlan
mechanism_drivers = stub
extension_drivers = port_security
[ml2_type_flat]
flat_networks = public
[ml2_type_vxlan]
vni_ranges = 1:1000
C
# ---- nova
cat >etc/nova/nova.conf <<C
[DEFAULT]
log_file = $RC/log/nova-app.log
transport_url = $MQ
host = rc-compute-1
my_ip = $H
state_path = $RC/data/nova
compute_driver = fake.FakeDriver
vif_plugging_is_fatal = false
vif_plugging_timeout = 0
reserved_host_memory_mb = 0
[api_database]
connection = $(db nova_api)
[database]
connection = $(db nova)
[keystone_authtoken]
$(authtoken nova)
[service_user]
send_service_user_token = true
$(authtoken nova)
[placement]
$(authtoken placement)
region_name = RegionOne
[neutron]
$(authtoken neutron)
region_name = RegionOne
[glance]
$(authtoken glance)
region_name = RegionOne
[wsgi]
api_paste_config = $RC/venv/etc/nova/api-paste.ini
[scheduler]
discover_hosts_in_cells_interval = 10
workers = 1
[conductor]
workers = 1
[oslo_concurrency]
lock_path = $RC/data/nova/lock
[oslo_messaging_notifications]
driver = noop
[vnc]
enabled = false
C
cp venv/etc/nova/api-paste.ini etc/nova/
if [ ! -f run/full.ok ]; then
  placement-manage --config-file etc/placement/placement.conf db sync >>log/placement-setup.log 2>&1; say placement db
  glance-manage --config-file etc/glance/glance-api.conf db_sync >>log/glance-setup.log 2>&1; say glance db
  neutron-db-manage --config-file etc/neutron/neutron.conf upgrade heads >>log/neutron-setup.log 2>&1; say neutron db
  NM="nova-manage --config-file etc/nova/nova.conf"
  $NM api_db sync >>log/nova-setup.log 2>&1; say nova api db
  $NM cell_v2 map_cell0 --database_connection "$(db nova_cell0)" >>log/nova-setup.log 2>&1
  $NM db sync >>log/nova-setup.log 2>&1; say nova db
  $NM cell_v2 create_cell --name cell1 >>log/nova-setup.log 2>&1 || true; say nova cells
  touch run/full.ok
fi
wsgi placement-api placement.wsgi.api:application $P_PLACEMENT 1 2 OS_PLACEMENT_CONFIG_DIR=$RC/etc/placement
wsgi glance-api glance.wsgi.api:application $P_GLANCE 1 2 OS_GLANCE_CONFIG_DIR=$RC/etc/glance
wsgi neutron-api neutron.wsgi.api:application $P_NEUTRON 1 4 OS_NEUTRON_CONFIG_DIR=$RC/etc/neutron OS_NEUTRON_CONFIG_FILES=neutron.conf
wsgi nova-api nova.wsgi.osapi_compute:application $P_NOVA 1 4 OS_NOVA_CONFIG_DIR=$RC/etc/nova
for s in conductor scheduler compute; do spawn nova-$s nova-$s --config-file $RC/etc/nova/nova.conf --log-file $RC/log/nova-$s-app.log; done
for x in placement-api:$P_PLACEMENT glance-api:$P_GLANCE neutron-api:$P_NEUTRON nova-api:$P_NOVA; do waitfor ${x%%:*} 300 curl -m 5 -s -o /dev/null http://$H:${x##*:}/; say ${x%%:*} up; done
if [ ! -f run/catalog.ok ]; then venv/bin/python "$here/catalog.py" >>log/catalog.log 2>&1 || { tail -20 log/catalog.log; exit 1; }; touch run/catalog.ok; say catalogue filled; fi
waitfor nova-compute 300 venv/bin/python "$here/nova_answers.py"; say nova-compute up
