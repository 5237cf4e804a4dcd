import Deployments
import OpenStack
import Runtime
import Yams

/// The Heat template of a VM, and what a deployment fills in. An operator may replace it by one that keeps the
/// contract of ``Parameter`` and ``Output``.
public struct StackTemplate: Equatable, Sendable {
    /// The parameters that the portal fills in, where the template declares them. Any other has a default.
    public enum Parameter: String, CaseIterable, Sendable {
        /// The flavor's name or id.
        case flavor
        /// The image's name or id.
        case image
        /// An OpenSSH public key.
        case sshPublicKey = "ssh_public_key"
        /// The size of the disk to boot from, 0 in a region that has no block storage.
        case bootVolumeGiB = "boot_volume_gib"
        /// The network that the VM is in, by name or id.
        case network
        /// The network that its public address is of; empty for none.
        case publicNetwork = "public_network"
        /// What the customer calls the VM.
        case deploymentName = "deployment_name"

        /// Without these the VM would not be what the customer asked for.
        var isNeeded: Bool { [.flavor, .image, .sshPublicKey].contains(self) }
    }

    /// What the portal reads when a stack is complete.
    public enum Output: String, CaseIterable, Sendable {
        case privateIp = "private_ip"
        case publicIp = "public_ip"
    }

    public let yaml: String
    let parameters: Set<String>
    /// The types of its resources, by their names.
    public let resourceTypes: [String: String]

    /// Reads a template and checks that it keeps the contract.
    ///
    /// - Parameter file: where it is from, for the error.
    /// - Throws: ``TemplateProblem`` with everything that is wrong.
    public init(yaml: String, file: String) throws(TemplateProblem) {
        let root: Node.Mapping
        do {
            guard let mapping = try Yams.compose(yaml: yaml)?.mapping else {
                throw TemplateProblem(file: file, problems: ["it is no mapping of sections"])
            }
            root = mapping
        } catch let problem as TemplateProblem {
            throw problem
        } catch {
            throw TemplateProblem(file: file, problems: ["it is not valid YAML: \(error)"])
        }
        let problems = Self.problems(of: root)
        guard problems.isEmpty else { throw TemplateProblem(file: file, problems: problems) }
        self.yaml = yaml
        parameters = Set(Self.names(in: root["parameters"]))
        let types = Self.names(in: root["resources"]).map { name in
            (name, root["resources"]?[name]?["type"]?.string ?? "")
        }
        resourceTypes = Dictionary(types, uniquingKeysWith: { $1 })
    }

    private static func problems(of root: Node.Mapping) -> [String] {
        var problems: [String] = []
        if root["heat_template_version"] == nil { problems.append("heat_template_version is missing") }
        let parameters = names(in: root["parameters"])
        for parameter in Parameter.allCases where parameter.isNeeded && !parameters.contains(parameter.rawValue) {
            problems.append("the parameter \(parameter.rawValue) is missing")
        }
        for name in parameters where Parameter(rawValue: name) == nil && root["parameters"]?[name]?["default"] == nil {
            let known = Parameter.allCases.map(\.rawValue).joined(separator: ", ")
            problems.append("the parameter \(name) needs a default: the portal fills in \(known) only")
        }
        if names(in: root["resources"]).isEmpty { problems.append("it has no resources") }
        let outputs = names(in: root["outputs"])
        for output in Output.allCases where !outputs.contains(output.rawValue) {
            problems.append("the output \(output.rawValue) is missing")
        }
        return problems
    }

    private static func names(in section: Node?) -> [String] {
        section?.mapping?.keys.compactMap(\.scalar?.string) ?? []
    }

    /// What the log calls a resource of the template; nil for what is not in it, such as the stack itself.
    func title(of resource: String) -> String? {
        guard resourceTypes[resource] != nil else { return nil }
        return switch resource {
        case "key": "SSH key"
        case "security_group": "firewall rules"
        case "port": "network port"
        case "volume": "disk"
        case "server": "server"
        case "floating_ip": "public address"
        default: resource.replacing("_", with: " ")
        }
    }

    /// What the portal knows of a VM that is to be made.
    struct Order {
        var flavor: String
        var image: String
        var sshPublicKey: String
        var storageGiB: Int
        var name: String
        /// Whether the region has block storage. There the VM boots from a volume of the size that was asked for,
        /// elsewhere from the flavor's own disk.
        var hasVolumes: Bool
    }

    /// The parameters that the template declares, filled in.
    func values(for order: Order, settings: WorkerSettings) -> [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        for parameter in Parameter.allCases where parameters.contains(parameter.rawValue) {
            values[parameter.rawValue] =
                switch parameter {
                case .flavor: .string(order.flavor)
                case .image: .string(order.image)
                case .sshPublicKey: .string(order.sshPublicKey)
                case .bootVolumeGiB: .integer(order.hasVolumes ? order.storageGiB : 0)
                case .network: .string(settings.privateNetwork)
                case .publicNetwork: .string(settings.publicNetwork)
                case .deploymentName: .string(order.name)
                }
        }
        return values
    }

    /// The create of a deployment's stack.
    func request(
        for record: DeploymentRecord, hasVolumes: Bool, tags: StackTags, settings: WorkerSettings
    ) -> StackRequest {
        let spec = record.deployment.spec
        let order = Order(
            flavor: spec.instanceTypeId, image: spec.imageId, sshPublicKey: record.work.sshPublicKey,
            storageGiB: spec.storageGiB, name: record.deployment.name, hasVolumes: hasVolumes)
        return StackRequest(
            name: record.work.stackName, template: yaml, parameters: values(for: order, settings: settings),
            tags: tags.all(of: record.deployment.id), timeoutMinutes: settings.createTimeoutMinutes)
    }

    /// The server of a stack that is complete, from the output `server_id`, which a template may have.
    static func serverId(of stack: Stack) -> String? {
        stack.outputs["server_id"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The addresses among the outputs of a stack that is complete. An output that failed is empty or missing.
    static func addresses(of stack: Stack, sshUser: String?) -> Deployment.Addresses {
        func text(_ output: Output) -> String? {
            stack.outputs[output.rawValue]?.string.flatMap { $0.isEmpty ? nil : $0 }
        }
        return Deployment.Addresses(publicIp: text(.publicIp), privateIp: text(.privateIp), sshUser: sshUser)
    }
}

/// An operator's template does not keep the contract of ``StackTemplate``.
public struct TemplateProblem: Error, Equatable, CustomStringConvertible {
    public let file: String
    public let problems: [String]

    public var description: String { problems.map { "\(file): \($0)" }.joined(separator: "\n") }
}
