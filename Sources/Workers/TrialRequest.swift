import OpenStack

/// What a VM is made of that is nobody's: made to see how it goes, and deleted again.
public struct TrialOrder: Equatable, Sendable {
    /// As the portal calls them when it asks Heat: an operator's template may know them by that.
    let flavor: String
    let image: String
    let storageGiB: Int

    /// The smallest there is, or what is named; nil where there is none.
    public init?(
        flavors: [OfferClient.Flavor], images: [OfferClient.Image], flavor flavorName: String? = nil,
        image imageName: String? = nil
    ) {
        let image = images.filter { imageName == nil || $0.name == imageName }.min {
            ($0.minDiskGiB, $0.minRamMiB) < ($1.minDiskGiB, $1.minRamMiB)
        }
        let flavor = flavors.filter { flavor in
            flavorName.map { $0 == flavor.name } ?? (flavor.ramMiB >= image?.minRamMiB ?? 0)
        }.min { ($0.ramMiB, $0.vcpus) < ($1.ramMiB, $1.vcpus) }
        guard let flavor, let image else { return nil }
        self.flavor = CloudCatalog.publicId(of: flavor.name, among: flavors.map(\.name), uuid: flavor.id)
        self.image = CloudCatalog.publicId(of: image.name, among: images.map(\.name), uuid: image.id)
        storageGiB = max(1, image.minDiskGiB)
    }
}

extension StackTemplate {
    /// A key that nobody has the other half of: Heat and Nova look at its form only.
    static let examplePublicKey =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA example"

    /// The create of a trial. It carries no tag of a portal, so that none takes it for its own, and one by which an
    /// operator finds it.
    ///
    /// - Parameter hasVolumes: whether the region has block storage.
    public func request(
        for trial: TrialOrder, name: String, hasVolumes: Bool, settings: WorkerSettings
    ) -> StackRequest {
        let order = Order(
            flavor: trial.flavor, image: trial.image, sshPublicKey: Self.examplePublicKey,
            storageGiB: trial.storageGiB, name: name, hasVolumes: hasVolumes)
        return StackRequest(
            name: name, template: yaml, parameters: values(for: order, settings: settings), tags: ["hothouse-record"],
            timeoutMinutes: settings.createTimeoutMinutes)
    }
}
