import ArgumentParser
import Workers

struct ShowTemplate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "template",
        abstract: "Show the Heat template that a VM is made from.",
        discussion: """
            `hothouse serve --cloud NAME --template FILE` uses another. It has to take the parameters flavor, image \
            and ssh_public_key, and may take boot_volume_gib, network, public_network and deployment_name; any other \
            parameter needs a default. It has to have the outputs private_ip and public_ip, which may be empty, and may \
            have server_id, so that the portal sees what becomes of the server.
            """)

    func run() {
        Terminal.say(StackTemplate.standard.yaml)
    }
}
