/// The resource types that templates may use, with the properties and attributes that Heat's have.
enum ResourceKind: String, Sendable {
    case server = "OS::Nova::Server"
    case keyPair = "OS::Nova::KeyPair"
    case port = "OS::Neutron::Port"
    case securityGroup = "OS::Neutron::SecurityGroup"
    case floatingIP = "OS::Neutron::FloatingIP"
    case volume = "OS::Cinder::Volume"
    case test = "OS::Heat::TestResource"
    case randomString = "OS::Heat::RandomString"
    case value = "OS::Heat::Value"

    /// The name of Heat's class, which its messages show.
    var className: String { rawValue.split(separator: ":").last.map(String.init) ?? rawValue }

    /// Whether the physical id is one that a service gave; else it stays the name that Heat made up.
    var isMadeByService: Bool {
        switch self {
        case .test, .randomString, .value: false
        default: true
        }
    }

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
                    "console_urls", "tags",
                ]
            case .keyPair: ["public_key", "private_key"]
            case .port:
                [
                    "fixed_ips", "mac_address", "name", "network_id", "status", "security_groups", "subnets",
                    "tenant_id",
                    "device_id", "device_owner", "admin_state_up", "allowed_address_pairs", "port_security_enabled",
                    "dns_assignment", "network", "qos_policy_id", "propagate_uplink_status",
                ]
            case .securityGroup: []
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
