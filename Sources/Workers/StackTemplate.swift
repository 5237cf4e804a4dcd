import Deployments
import OpenStack
import Runtime

/// The Heat stack of a deployment: its template, its parameters, its tags.
enum StackTemplate {
    /// - Parameter instanceId: marks the stacks of this portal.
    static func request(
        for record: DeploymentRecord, image: String, flavor: String, instanceId: String, timeoutMinutes: Int
    ) -> StackRequest {
        StackRequest(
            name: record.work.stackName, template: text,
            parameters: [
                "flavor": .string(flavor), "image": .string(image),
                "boot_volume_gib": .integer(record.deployment.spec.storageGiB),
                "ssh_public_key": .string(record.work.sshPublicKey),
            ],
            tags: [portalTag(instanceId), deploymentTag(record.deployment.id)], timeoutMinutes: timeoutMinutes)
    }

    static func portalTag(_ instanceId: String) -> String { "portal:" + instanceId }
    static func deploymentTag(_ deploymentId: String) -> String { "dep:" + deploymentId }

    /// HOT. The server has a port and a security group of its own, boots from a volume of the size asked for, and is
    /// reached at a floating IP.
    static let text = """
        heat_template_version: wallaby
        description: A VM of the Hothouse portal
        parameters:
          flavor: {type: string, constraints: [{custom_constraint: nova.flavor}]}
          image: {type: string, constraints: [{custom_constraint: glance.image}]}
          boot_volume_gib: {type: number, default: 0, constraints: [{range: {min: 0}}]}
          ssh_public_key: {type: string}
          network: {type: string, default: private, constraints: [{custom_constraint: neutron.network}]}
          public_network: {type: string, default: public, constraints: [{custom_constraint: neutron.network}]}
        conditions:
          boot_from_volume: {not: {equals: [{get_param: boot_volume_gib}, 0]}}
        resources:
          key:
            type: OS::Nova::KeyPair
            properties: {name: {get_param: 'OS::stack_name'}, public_key: {get_param: ssh_public_key}}
          security_group:
            type: OS::Neutron::SecurityGroup
            properties: {rules: [{protocol: tcp, port_range_min: 22, port_range_max: 22}, {protocol: icmp}]}
          port:
            type: OS::Neutron::Port
            properties: {network: {get_param: network}, security_groups: [{get_resource: security_group}]}
          volume:
            type: OS::Cinder::Volume
            condition: boot_from_volume
            properties: {size: {get_param: boot_volume_gib}, image: {get_param: image}}
          server:
            type: OS::Nova::Server
            properties:
              name: {get_param: 'OS::stack_name'}
              flavor: {get_param: flavor}
              image: {if: [boot_from_volume, '', {get_param: image}]}
              block_device_mapping_v2:
                if:
                - boot_from_volume
                - [{volume_id: {get_resource: volume}, boot_index: 0, delete_on_termination: false}]
                - []
              key_name: {get_resource: key}
              networks: [{port: {get_resource: port}}]
          floating_ip:
            type: OS::Neutron::FloatingIP
            depends_on: server
            properties: {floating_network: {get_param: public_network}, port_id: {get_resource: port}}
        outputs:
          server_id: {value: {get_resource: server}}
          private_ip: {value: {get_attr: [port, fixed_ips, 0, ip_address]}}
          public_ip: {value: {get_attr: [floating_ip, floating_ip_address]}}
        """
}
