/// The resource types that templates may use, with the properties and attributes that Heat's have.
enum ResourceKind: String, CaseIterable, Sendable {
    case server = "OS::Nova::Server"
    case keyPair = "OS::Nova::KeyPair"
    case network = "OS::Neutron::Net"
    case subnet = "OS::Neutron::Subnet"
    case router = "OS::Neutron::Router"
    case routerInterface = "OS::Neutron::RouterInterface"
    case port = "OS::Neutron::Port"
    case securityGroup = "OS::Neutron::SecurityGroup"
    case floatingIP = "OS::Neutron::FloatingIP"
    case volume = "OS::Cinder::Volume"
    case test = "OS::Heat::TestResource"
    case randomString = "OS::Heat::RandomString"
    case value = "OS::Heat::Value"

    /// The name of Heat's class, which its messages show.
    var className: String { rawValue.split(separator: ":").last.map(String.init) ?? rawValue }

    /// Whether the service takes it on first and may then say that it came to nothing: it is there, in error.
    var canBeInError: Bool { self == .server }

    var properties: Set<String> {
        switch self {
        case .server:
            [
                "name", "image", "flavor", "key_name", "networks", "block_device_mapping", "block_device_mapping_v2",
                "user_data", "user_data_format", "security_groups", "metadata", "availability_zone", "config_drive",
                "scheduler_hints", "tags", "admin_pass", "admin_user", "reservation_id", "software_config_transport",
                "user_data_update_policy", "flavor_update_policy", "image_update_policy", "diskConfig", "personality",
                "deployment_swift_data", "swap_size",
            ]
        case .keyPair: ["name", "public_key", "save_private_key", "type", "user"]
        case .port:
            [
                "network", "network_id", "name", "fixed_ips", "security_groups", "mac_address", "admin_state_up",
                "device_id", "device_owner", "allowed_address_pairs", "value_specs", "port_security_enabled",
                "dns_name",
                "tags", "binding:vnic_type", "qos_policy", "no_fixed_ips", "propagate_uplink_status",
                "replacement_policy",
            ]
        case .network:
            [
                "name", "admin_state_up", "tenant_id", "shared", "dhcp_agent_ids", "port_security_enabled",
                "qos_policy",
                "dns_domain", "availability_zone_hints", "tags", "value_specs",
            ]
        case .subnet:
            [
                "network", "network_id", "subnetpool", "prefixlen", "cidr", "value_specs", "name", "ip_version",
                "dns_nameservers", "dns_publish_fixed_ip", "gateway_ip", "enable_dhcp", "allocation_pools", "tenant_id",
                "host_routes", "ipv6_ra_mode", "ipv6_address_mode", "segment", "tags",
            ]
        case .router:
            [
                "name", "external_gateway_info", "value_specs", "admin_state_up", "l3_agent_id", "l3_agent_ids",
                "distributed", "ha", "availability_zone_hints", "tags",
            ]
        case .routerInterface: ["router", "router_id", "subnet", "subnet_id", "port", "port_id"]
        case .securityGroup: ["name", "description", "rules", "tags"]
        case .floatingIP:
            [
                "floating_network", "floating_network_id", "port_id", "fixed_ip_address", "floating_ip_address",
                "floating_subnet", "value_specs", "dns_name", "dns_domain", "tags",
            ]
        case .volume:
            [
                "size", "image", "name", "description", "volume_type", "availability_zone", "snapshot_id",
                "source_volid", "backup_id", "metadata", "read_only", "scheduler_hints", "multiattach",
            ]
        case .test:
            [
                "value", "fail", "update_replace", "update_replace_value", "wait_secs", "action_wait_secs",
                "client_name", "entity_name", "attr_wait_secs", "constraint_prop_secs",
            ]
        case .randomString: ["length", "character_classes", "character_sequences", "salt", "sequence"]
        case .value: ["value", "type"]
        }
    }

    var attributes: Set<String> {
        let own: Set<String> =
            switch self {
            case .server:
                [
                    "name", "addresses", "networks", "first_address", "instance_name", "accessIPv4", "accessIPv6",
                    "console_urls", "tags", "os_collect_config",
                ]
            case .keyPair: ["public_key", "private_key"]
            case .port:
                [
                    "fixed_ips", "mac_address", "name", "network_id", "status", "security_groups", "subnets",
                    "tenant_id",
                    "device_id", "device_owner", "admin_state_up", "allowed_address_pairs", "port_security_enabled",
                    "dns_assignment", "network", "qos_policy_id", "propagate_uplink_status",
                ]
            case .network:
                [
                    "name", "status", "subnets", "admin_state_up", "tenant_id", "port_security_enabled", "mtu",
                    "qos_policy_id", "l2_adjacency", "segments",
                ]
            case .subnet:
                [
                    "name", "network_id", "tenant_id", "allocation_pools", "gateway_ip", "host_routes", "ip_version",
                    "cidr", "dns_nameservers", "enable_dhcp",
                ]
            case .router: ["name", "status", "external_gateway_info", "admin_state_up", "tenant_id"]
            case .securityGroup, .routerInterface: []
            case .floatingIP:
                [
                    "floating_ip_address", "fixed_ip_address", "floating_network_id", "port_id", "router_id",
                    "tenant_id",
                ]
            case .volume:
                [
                    "size", "status", "availability_zone", "display_name", "display_description", "volume_type",
                    "created_at", "attachments", "attachments_list", "bootable", "encrypted", "metadata",
                    "metadata_values", "multiattach", "snapshot_id", "source_volid",
                ]
            case .test: ["output"]
            case .randomString: ["value"]
            case .value: ["value"]
            }
        return own.union(["show"])
    }
}
