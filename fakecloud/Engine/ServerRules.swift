import OrderedCollections
import Runtime

/// What Heat's class of servers checks beyond its single properties.
struct ServerRules {
    let values: [String: JSONValue]
    /// Of the resource in the template.
    let name: String

    /// Nova's limit.
    private static let mostMetadata = 128

    /// - Throws: ``HeatFault``, in Heat's order.
    func check(_ names: CatalogNames) throws {
        try checkDevices()
        if let image = values["image"], let flavor = values["flavor"], image.isTruthy,
            let problem = names.misfit(image: image.pythonText, flavor: flavor.pythonText)
        {
            throw HeatFault.invalid(problem)
        }
        try checkNetworks()
        if values["personality"]?.isTruthy ?? false {
            throw HeatFault.invalid(
                "Cannot use the personality parameter as nova no longer supports it. Use user_data instead.")
        }
        if (values["metadata"]?.object?.count ?? 0) > Self.mostMetadata {
            throw HeatFault.invalid(
                "Instance metadata must not contain greater than \(Self.mostMetadata) entries.  This is the maximum number allowed by your service provider"
            )
        }
    }

    private func isSet(_ value: JSONValue?) -> Bool { value?.isTruthy ?? false }

    // What it boots from.

    private func checkDevices() throws {
        let (old, new) = (list("block_device_mapping"), list("block_device_mapping_v2"))
        if !old.isEmpty, !new.isEmpty {
            throw ResourceKind.conflict("block_device_mapping", "block_device_mapping_v2")
        }
        var isBootable = values["image"] != nil
        for device in old {
            if device["device_name"] == "vda" { isBootable = true }
            let sources = ["volume_id", "snapshot_id"].filter { device[$0] != nil }
            if sources.count == 2 { throw ResourceKind.conflict("volume_id", "snapshot_id") }
            if sources.isEmpty {
                throw HeatFault.invalid(
                    "Either volume_id or snapshot_id must be specified for device mapping \((device["device_name"] ?? .null).pythonText)"
                )
            }
        }
        var sources = isBootable && values["image"] != nil ? 1 : 0
        for device in new {
            let isBoot = try checkSource(of: device)
            guard isBoot, device["boot_index"] == nil || device["boot_index"] == 0 else { continue }
            isBootable = true
            sources += 1
        }
        guard isBootable else {
            throw HeatFault.invalid("Neither image nor bootable volume is specified for instance \(name)")
        }
        if !new.isEmpty, sources != 1 {
            throw HeatFault.invalid("Multiple bootable sources for instance \(name).")
        }
    }

    /// - Returns: whether a server can boot from it.
    private func checkSource(of device: JSONValue) throws -> Bool {
        let boots = ["volume_id", "snapshot_id", "image"].filter { device[$0] != nil }.count
        let isEphemeral = isSet(device["ephemeral_size"]) || isSet(device["ephemeral_format"])
        switch boots + (device["swap_size"] == nil ? 0 : 1) + (isEphemeral ? 1 : 0) {
        case 1: return boots == 1
        case 0:
            throw HeatFault.invalid(
                "Either volume_id, snapshot_id, image_id, swap_size, ephemeral_size or ephemeral_format must be specified."
            )
        default:
            throw ResourceKind.conflict(
                "volume_id", "snapshot_id", "image", "swap_size", "ephemeral_size", "ephemeral_format")
        }
    }

    private func list(_ property: String) -> [JSONValue] { values[property]?.array ?? [] }

    // Its networks.

    private func checkNetworks() throws {
        let networks = list("networks")
        for network in networks { try check(network) }
        if networks.contains(where: { isSet($0["allocate_network"]) }), networks.count != 1 {
            throw HeatFault.invalid(
                "Property \"allocate_network\" can not be specified if multiple network interfaces set for server.")
        }
        if networks.contains(where: { $0["port"] != nil }), isSet(values["security_groups"]) {
            throw ResourceKind.conflict("security_groups", "networks/port")
        }
    }

    private func check(_ network: JSONValue) throws {
        let isAllocated = isSet(network["allocate_network"])
        let hasNetwork = network["network"] != nil || network["uuid"] != nil
        if !hasNetwork, network["port"] == nil, network["subnet"] == nil, !isAllocated {
            throw HeatFault.invalid(
                "One of the properties \"network\", \"port\", \"allocate_network\" or \"subnet\" should be set for the specified network of server \"\(name)\"."
            )
        }
        if isAllocated, (network.object ?? [:]).count != 1 {
            throw HeatFault.invalid(
                "Can not specify \"allocate_network\" with other keys of networks at the same time.")
        }
        if isSet(network["fixed_ip"]), network["port"] != nil {
            throw ResourceKind.conflict("networks/fixed_ip", "networks/port")
        }
        if network["floating_ip"] != nil, hasNetwork, network["port"] == nil, network["subnet"] == nil,
            !isSet(network["port_extra_properties"])
        {
            throw HeatFault.invalid(
                "Property \"floating_ip\" is not supported if only \"network\" is specified, because the corresponding port can not be retrieved."
            )
        }
    }
}

extension CatalogNames {
    /// Why a flavor is too small for an image, in Heat's words; nil where it is not, or one of both is not known.
    fileprivate func misfit(image name: String, flavor flavorName: String) -> String? {
        guard let region else { return nil }
        let images = region.services.image.images
        guard let image = images[name] ?? images.records(named: name).first,
            let flavor = region.services.compute.flavor(flavorName)
        else { return nil }
        if image.status != .active {
            return "Image status is required to be active not \(image.status.rawValue)."
        }
        if flavor.ramMiB < image.minRamMiB {
            return
                "Image \(name) requires \(image.minRamMiB) minimum ram. Flavor \(flavorName) has only \(flavor.ramMiB)."
        }
        if flavor.diskGiB < image.minDiskGiB {
            return
                "Image \(name) requires \(image.minDiskGiB) GB minimum disk space. Flavor \(flavorName) has only \(flavor.diskGiB) GB."
        }
        return nil
    }
}
