import Deployments
import OpenStack
import Runtime

/// The Heat template of a VM, and what a deployment fills in.
enum StackTemplate {
    static let yaml = """
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

    /// What the log calls a resource of the template.
    static func title(of resource: String) -> String? {
        switch resource {
        case "key": "SSH key"
        case "security_group": "firewall rules"
        case "port": "network port"
        case "volume": "disk"
        case "server": "server"
        case "floating_ip": "public address"
        default: nil
        }
    }

    /// The create of a deployment's stack. The VM always boots from a volume of the size that was asked for.
    static func request(for record: DeploymentRecord, tags: StackTags, settings: WorkerSettings) -> StackRequest {
        let spec = record.deployment.spec
        return StackRequest(
            name: record.work.stackName, template: yaml,
            parameters: [
                "flavor": .string(spec.instanceTypeId), "image": .string(spec.imageId),
                "boot_volume_gib": .integer(spec.storageGiB), "ssh_public_key": .string(record.work.sshPublicKey),
                "network": .string(settings.privateNetwork), "public_network": .string(settings.publicNetwork),
            ],
            tags: tags.all(of: record.deployment.id), timeoutMinutes: settings.createTimeoutMinutes)
    }

    /// The addresses among the outputs of a stack that is complete. An output that failed is empty or missing.
    static func addresses(of stack: Stack, sshUser: String?) -> Deployment.Addresses {
        func text(_ key: String) -> String? { stack.outputs[key]?.string.flatMap { $0.isEmpty ? nil : $0 } }
        return Deployment.Addresses(publicIp: text("public_ip"), privateIp: text("private_ip"), sshUser: sshUser)
    }
}

/// The tags by which the portal knows its stacks in a cloud that others use too.
struct StackTags: Sendable {
    /// The id of this installation (`DeploymentQueries.instanceId()`).
    let instanceId: String

    var portal: String { "portal:" + instanceId }

    func deployment(_ id: String) -> String { "dep:" + id }

    func all(of deploymentId: String) -> [String] { [portal, deployment(deploymentId)] }

    /// Whether this installation made the stack for this deployment. Nothing else is ever touched.
    func mark(_ stack: Stack, of deploymentId: String) -> Bool {
        all(of: deploymentId).allSatisfy(stack.tags.contains)
    }

    /// The deployment that a stack of this installation was made for.
    func deploymentId(of stack: Stack) -> String? {
        guard stack.tags.contains(portal), let tag = stack.tags.first(where: { $0.hasPrefix("dep:") }) else {
            return nil
        }
        return String(tag.dropFirst(4))
    }
}
