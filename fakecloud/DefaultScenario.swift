import Runtime
import Scenarios

extension CloudScenario {
    /// The cloud where no scenario says otherwise: two regions, and VMs that come up in about half a minute.
    public static var standard: CloudScenario {
        func between(_ lower: Int, _ upper: Int) -> Spread { .uniform(.milliseconds(lower), .milliseconds(upper)) }
        return CloudScenario(
            regions: [
                RegionScenario(
                    id: "west", latency: between(20, 60),
                    operationLatency: [
                        "heat.stack.create": between(800, 1500), "keystone.token.issue": between(300, 500),
                    ]),
                RegionScenario(
                    id: "east", latency: between(40, 120),
                    operationLatency: [
                        "heat.stack.create": between(1000, 2000), "keystone.token.issue": between(300, 500),
                    ]),
            ],
            tokenLifetime: .seconds(3600),
            instanceTypes: [
                InstanceTypeScenario(id: "small", vcpus: 1, ramMiB: 2048, diskGiB: 20),
                InstanceTypeScenario(id: "medium", vcpus: 2, ramMiB: 4096, diskGiB: 40),
                InstanceTypeScenario(id: "large", vcpus: 4, ramMiB: 8192, diskGiB: 80),
                InstanceTypeScenario(id: "xlarge", vcpus: 8, ramMiB: 16384, diskGiB: 160),
            ],
            images: [
                ImageScenario(id: "debian-12", minDiskGiB: 5, minRamMiB: 512, sshUser: "debian"),
                ImageScenario(id: "ubuntu-24.04", minDiskGiB: 8, minRamMiB: 1024, sshUser: "ubuntu"),
                ImageScenario(id: "rocky-9", minDiskGiB: 10, minRamMiB: 1024, sshUser: "rocky"),
                ImageScenario(id: "fedora-coreos", minDiskGiB: 10, minRamMiB: 2048, sshUser: "core"),
            ],
            lifecycles: [
                "OS::Nova::KeyPair": LifecycleScenario(create: between(200, 600), delete: between(200, 500)),
                "OS::Neutron::SecurityGroup": LifecycleScenario(create: between(300, 1000), delete: between(300, 1000)),
                "OS::Neutron::Port": LifecycleScenario(create: between(1000, 2000), delete: between(500, 1500)),
                "OS::Cinder::Volume": LifecycleScenario(create: between(4000, 9000), delete: between(1000, 4000)),
                "OS::Nova::Server": LifecycleScenario(
                    create: between(12_000, 20_000), delete: between(3000, 7000), change: between(1000, 3000)),
                "OS::Neutron::FloatingIP": LifecycleScenario(create: between(1000, 3000), delete: between(500, 1500)),
            ])
    }
}
