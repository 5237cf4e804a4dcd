import OpenStack

extension StackTemplate {
    /// A key that nobody has the other half of: Heat and Nova look at its form only.
    static let examplePublicKey =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA example"

    /// The create of a VM that is nobody's: made to see how it goes, and deleted again. It carries no tag of a portal,
    /// so that none takes it for its own, and one by which an operator finds it.
    ///
    /// - Parameter hasVolumes: whether the region has block storage.
    public func trialRequest(
        name: String, flavor: OfferClient.Flavor, image: OfferClient.Image, hasVolumes: Bool, settings: WorkerSettings
    ) -> StackRequest {
        let order = Order(
            flavor: flavor.id, image: image.id, sshPublicKey: Self.examplePublicKey,
            storageGiB: max(1, image.minDiskGiB), name: name, hasVolumes: hasVolumes)
        return StackRequest(
            name: name, template: yaml, parameters: values(for: order, settings: settings), tags: ["hothouse-record"],
            timeoutMinutes: settings.createTimeoutMinutes)
    }
}
