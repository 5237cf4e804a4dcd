/// What a recording may say: words of OpenStack's messages, and of the names that everybody's clouds have.
enum PublicWords {
    /// Whether a word or a number of a message tells nothing of who is concerned: a known word, several of them in one
    /// (`OverQuotaClient`, `security_group`), or a number of up to six digits.
    static func isWord(_ text: Substring) -> Bool {
        if text.utf8.count <= 6, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return true
        }
        if messages.contains(text.lowercased()) { return true }
        let parts = humps(of: text)
        return parts.count > 1 && parts.allSatisfy { messages.contains($0) }
    }

    /// The words that are written as one, in lower case: of `OverQuota_client` over, quota and client.
    private static func humps(of text: Substring) -> [String] {
        var parts: [String] = [""]
        for character in text {
            if "_-/.:".contains(character) {
                parts.append("")
            } else {
                if character.isUppercase, !parts[parts.count - 1].isEmpty { parts.append("") }
                parts[parts.count - 1] += character.lowercased()
            }
        }
        return parts
    }

    /// Whether a flavor's or an image's name is made of words such as `m1`, `large`, `ubuntu` and versions alone.
    static func isPublicName(_ name: String) -> Bool {
        guard name.count <= 40, name.wholeMatch(of: /[A-Za-z0-9._-]+/) != nil else { return false }
        let parts = name.lowercased().split(whereSeparator: { "._-".contains($0) })
        let isKnown = parts.allSatisfy { part in
            names.contains(String(part)) || part.wholeMatch(of: /\d{1,4}|[a-z]\d{1,2}|\d{1,2}xlarge|v\d{1,2}/) != nil
        }
        return isKnown && parts.contains { names.contains(String($0)) || $0.hasSuffix("xlarge") }
    }

    /// Whether it is an account that images come with.
    static func isPublicAccount(_ name: String) -> Bool { accounts.contains(name) }

    private static let accounts: Set<String> = [
        "almalinux", "alpine", "arch", "admin", "centos", "cirros", "cloud", "cloud-user", "core", "debian",
        "ec2-user", "fedora", "freebsd", "opensuse", "rocky", "root", "ubuntu",
    ]

    private static let names = words(
        """
        nano micro tiny mini small medium large xlarge xl xxl standard general compute memory storage cpu vcpu gpu ram
        disk gb gib baremetal burst
        alma almalinux alpine amd64 aarch64 arch arm64 base bionic bookworm bullseye buster centos cirros cloud
        cloudimg cloudinit coreos debian desktop fedora focal freebsd genericcloud generic image jammy leap linux lts
        minimal noble opensuse rhel rocky server sles stream trixie tumbleweed ubuntu windows x86 64bit
        """)

    private static let messages = words(
        """
        a aborted about abort accept accepted accepting access accessible action actions active add added address
        addresses after again agent all allocate allocated allocation allow allowed already also amount an and another
        any api are as assigned associate associated at attach attached attaching attachment attempt attempts
        attribute auth authentication authorization authorized availability available back backend bad be because been
        before being belong belongs bind binding block boot bootable build but by bytes call can cannot cancelled
        capacity change changed check cidr cinder client clients closed code com complete completed compute conflict
        conflicts connect connected connecting connection connections constraint contain contains core cores could
        create created creating creation creator credential currently database default delete deleted deleting deletion
        denied dependency deployment detach detached device devices did different disabled disallowed disk does
        down due during dynamic each either empty enabled encountered endpoint endpoints engine enough entity error
        errors event exceed exceeded exceeds exception exceptions exhausted existing exist exists expected expired
        external fail failed failure fault file filter filters fixed flavor flavors floating for forbidden found from
        full gateway generic get gib given glance greater group groups gone has have heat host hosts http https i id
        ids image images in inactive incorrect incompatible index information insufficient instance instances integer
        internal into invalid ip ipv4 ipv6 ips is it its job key keypair keypairs keystone known large larger later
        length less limit limits list load located lock locked lost machine made malformed many max maximum may mb
        memory message messaging metadata method mib migration min minimum missing more most must name names near
        nearest need needed needs network networking networks neutron new no node nodes non none not nova novalid null
        number object of off offline on one only opened operation operations or order os other out over overlap
        overquota owner page parameter params part pending per permission permitted physical please policy pool pools
        port ports possible precondition present private problem process project properties property provided provider
        provision provisioning public quota quotas ram range rate reach reached read ready reason received refused region
        rejected release released remain remaining remote remove removed reply reply request requested requests require
        required requires reschedule rescheduled reset resource resources response retries retry rollback root router
        routers rule rules running same schedule scheduled scheduler scheduling secure security see seconds server
        servers service services set shutoff size small snapshot some source specified spawn stack stacks start started
        starting state status stop stopped stopping storage stuck subnet subnets succeed such suitable supplied support
        supported system t take task template temporarily tenant terminated than that the their there these they this
        time timed timeout times to token too trust trusts try type types unable unavailable under unexpected unknown
        unreachable unsupported until up update updated updating url use used user uses using valid validate validation
        value values version vif vcpu vcpus volume volumes waiting was weight went were when where which while will
        with within without wrong yes you your zone zones
        """)

    private static func words(_ text: String) -> Set<String> {
        Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
    }
}
