import Runtime
import Scenarios
import Testing

@testable import FakeCloud

@Suite struct CinderVolumeTests {
    private func make(_ region: inout NovaRegion, size: Int) throws -> Volume {
        try region.act { try $0.createVolume(["size": .integer(size)], by: $1, drivenBy: .timers) }
    }

    @Test("A volume is made and goes for as long as the scenario says")
    func life() throws {
        var scenario = CloudScenario.bench
        scenario.lifecycles["OS::Cinder::Volume"] = LifecycleScenario(
            create: .fixed(.seconds(2)), delete: .fixed(.seconds(3)))
        var region = NovaRegion(scenario)
        let id = try make(&region, size: 1).id
        region.pass(.seconds(1))
        #expect(region.services.volume.volumes[id]?.status == .creating)
        region.pass(.seconds(1))
        #expect(region.services.volume.volumes[id]?.status == .available)
        try region.act { try $0.deleteVolume(id, by: $1, drivenBy: .timers) }
        region.pass(.seconds(2))
        #expect(region.services.volume.volumes[id]?.status == .deleting)
        region.pass(.seconds(1))
        #expect(region.services.volume.volumes[id] == nil)
    }

    @Test("Volumes and gigabytes are counted, and the refusals say how much there is")
    func quotas() throws {
        var region = NovaRegion(limits: [.volumes: 2, .gigabytes: 10])
        let first = try make(&region, size: 6)
        #expect(
            fault { _ = try make(&region, size: 5) }
                == ServiceFault(
                    413,
                    "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 5G, quota is 10G and 6G has been consumed."
                ))
        _ = try make(&region, size: 4)
        #expect(
            fault { _ = try make(&region, size: 1) }?.message
                == "VolumeLimitExceeded: Maximum number of volumes allowed (2) exceeded for quota 'volumes'.")
        region.pass(.zero)
        try region.act { try $0.deleteVolume(first.id, by: $1, drivenBy: .timers) }
        region.pass(.zero)
        let third = try make(&region, size: 5)
        region.pass(.zero)
        #expect(fault { try region.act { try $0.volume.extend(third.id, to: 7, by: $1) } }?.status == 413)
        try region.act { try $0.volume.extend(third.id, to: 6, by: $1) }
    }

    @Test("An attached volume is neither deleted nor attached to another server")
    func attached() throws {
        var region = NovaRegion()
        let volume = try make(&region, size: 1)
        let (first, second) = (try region.boot(), try region.boot("second"))
        region.pass(.seconds(1))
        let request: JSONValue = ["volumeId": .string(volume.id)]
        let attachment = try region.act { try $0.attachVolume(request, to: first.id, by: $1) }
        #expect(attachment.device == "/dev/vdb")
        #expect(fault { try region.act { try $0.deleteVolume(volume.id, by: $1, drivenBy: .timers) } }?.status == 400)
        #expect(
            fault { try region.act { _ = try $0.attachVolume(request, to: second.id, by: $1) } }?.message
                == "Invalid volume: volume \(volume.id) status must be available or downloading to reserve. Current status is in-use"
        )
        try region.act { try $0.detachVolume(volume.id, from: first.id, by: $1) }
        try region.act { _ = try $0.attachVolume(request, to: second.id, by: $1) }
    }

    @Test("Another project's volume is not found")
    func otherProject() throws {
        var region = NovaRegion()
        let id = try make(&region, size: 1).id
        region.pass(.zero)
        #expect(
            fault { try region.act(as: "other") { try $0.deleteVolume(id, by: $1, drivenBy: .timers) } }
                == ServiceFault(404, "Volume \(id) could not be found."))
    }
}
