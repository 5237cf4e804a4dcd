extension StackTemplate {
    /// The template that `hothouse template` shows: a server on a port of its own, with a security group and a key,
    /// a disk to boot from where the region has block storage, and a public address where there is a network for it.
    public static let standard: StackTemplate = {
        do {
            return try StackTemplate(yaml: standardText, file: "the standard template")
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    private static let standardText = """
        heat_template_version: wallaby
        description: A VM of the Hothouse portal
        parameters:
          flavor: {type: string, constraints: [{custom_constraint: nova.flavor}]}
          image: {type: string, constraints: [{custom_constraint: glance.image}]}
          boot_volume_gib: {type: number, default: 0, constraints: [{range: {min: 0}}]}
          ssh_public_key: {type: string}
          network: {type: string, default: private, constraints: [{custom_constraint: neutron.network}]}
          public_network: {type: string, default: public}
          deployment_name: {type: string, default: ''}
          user_data: {type: string, default: "#cloud-config\\nssh_pwauth: false\\n"}
        conditions:
          boot_from_image: {equals: [{get_param: boot_volume_gib}, 0]}
          boot_from_volume: {not: boot_from_image}
          has_public_address: {not: {equals: [{get_param: public_network}, '']}}
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
              metadata: {hothouse_name: {get_param: deployment_name}}
              flavor: {get_param: flavor}
              image: {if: [boot_from_image, {get_param: image}]}
              block_device_mapping_v2:
                if:
                - boot_from_volume
                - [{volume_id: {get_resource: volume}, boot_index: 0, delete_on_termination: false}]
                - []
              key_name: {get_resource: key}
              networks: [{port: {get_resource: port}}]
              user_data_format: RAW
              user_data: {get_param: user_data}
          floating_ip:
            type: OS::Neutron::FloatingIP
            condition: has_public_address
            depends_on: server
            properties: {floating_network: {get_param: public_network}, port_id: {get_resource: port}}
        outputs:
          server_id: {value: {get_resource: server}}
          private_ip: {value: {get_attr: [port, fixed_ips, 0, ip_address]}}
          public_ip: {value: {if: [has_public_address, {get_attr: [floating_ip, floating_ip_address]}, '']}}

        """
}
