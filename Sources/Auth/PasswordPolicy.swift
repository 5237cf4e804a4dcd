/// Which passwords may be chosen (ASVS 5.0, 6.2.1 to 6.2.9): long enough and not among the first guesses. What
/// characters they are made of is nobody's business.
enum PasswordPolicy {
    /// In characters.
    static let length = 8...128

    /// - Parameter email: the user's address, in lower case.
    static func allows(_ password: String, email: String?) -> Bool {
        let text = password.lowercased()
        let localPart = email?.split(separator: "@").first.map(String.init)
        return !isOneRun(text) && !isRepetition(text) && !isCommonWord(text, and: localPart)
            && text != email
    }

    /// Whether each character follows the one before it on a keyboard's row or in the alphabet, in either direction:
    /// `12345678`, `hgfedcba`, `qwertyuiop`.
    private static func isOneRun(_ text: String) -> Bool {
        let rows = [
            "01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl",
        ]
        return rows.contains { $0.contains(text) || String($0.reversed()).contains(text) }
    }

    /// Whether it is a short piece over and over: `aaaaaaaa`, `12121212`, `abcabcabc`, `abcdabcd`.
    private static func isRepetition(_ text: String) -> Bool {
        let characters = Array(text)
        return (1...4).contains { period in
            characters.indices.dropFirst(period).allSatisfy { characters[$0] == characters[$0 - period] }
        }
    }

    /// Whether it is a common word, or the address's name, as it is or in the usual disguises: digits and signs around
    /// it, digits and signs for letters, the word twice. So one word stands for thousands of variants in lists of leaked
    /// passwords. With more than six characters around it, it is no longer a first guess.
    private static func isCommonWord(_ text: String, and localPart: String?) -> Bool {
        let withoutEnd = trimmingEnd(text)
        let variants = [text, undisguised(trimmingStart(withoutEnd)), trimmingStart(undisguised(withoutEnd))]
        return variants.contains { variant in
            guard text.count - variant.count <= 6 else { return false }
            let half = String(variant.prefix(variant.count / 2))
            let word = half + half == variant ? half : variant
            return words.contains(word) || word == localPart
        }
    }

    private static func trimmingStart(_ text: String) -> String {
        String(text.drop { !$0.isLetter })
    }

    private static func trimmingEnd(_ text: String) -> String {
        String(trimmingStart(String(text.reversed())).reversed())
    }

    private static func undisguised(_ text: String) -> String {
        let disguises: [Character: Character] = [
            "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s", "!": "i",
        ]
        return String(text.map { disguises[$0] ?? $0 })
    }

    private static let words = Set(
        """
        !qaz2wsx 11223344 123321123 12344321 12345678910 1234qwerasdf 147258369 1q2w3e4r 1q2w3e4r5t 1qaz2wsx \
        1qazxsw2 a1b2c3d4 abc abcd access account admin administrator adobe alexander amanda america andrea andrew \
        angel angels anthony apple apples arsenal asd asdasd asdf asdfgh asdfghjkl ashley august austin azerty \
        babygirl badboy bailey banana barcelona baseball basketball batman beautiful benjamin bigdaddy biteme blabla \
        blessed blink bond boston brandon broncos butterfly california cameron carolina changeme charles charlie \
        cheese chelsea chester chicago chocolate chris christian computer cookie correcthorsebatterystaple corvette \
        cowboys daniel danielle darkness default demo diamond dragon eagles elephant elizabeth eminem england \
        fashion ferrari flower football forever freedom friend friends fuckme fuckyou garfield george ginger \
        godzilla google guest hannah happy harley hello helloworld hockey hothouse hunter icecream iceman iloveu \
        iloveyou internet ironman jackson jasmine jennifer jessica jesus johnny jonathan jordan joseph joshua junior \
        justin killer kitty lakers letmein liverpool login london lovely loveme lover loveyou lucky madison maggie \
        manchester marina marlboro martin master matrix matthew maverick melissa mercedes merlin michael michelle \
        midnight minecraft monkey monster morgan mother mountain mustang mylove naruto natasha newyork nicholas \
        nicole nothing november october oliver openstack orange pa pass passion passw passwd password passwords \
        passwort pepper phoenix player please pokemon police porsche princess purple pussy q1w2e3r4 q1w2e3r4t5 \
        qazwsx qazwsxedc qwe qweasd qweasdzxc qwer qwer1234qwer qwert qwerty qwertyu qwertyui qwertyuiop qwertz \
        rachel raiders rainbow ranger rangers rebecca redsox richard robert rockyou samantha samsung samuel scooter \
        secret september shadow shannon silver skywalker slipknot smokey snoopy soccer something spider spiderman \
        spring starwars steelers stephanie steven strawberry student success summer sunflower sunshine superman \
        superstar sweetheart taylor test testing testtest thomas thunder tiger tigers tinkerbell trustno tweety \
        unknown user username vanessa victoria warrior welcome whatever william winner winter wizard wordpass \
        yankees yellow zaq zaq12wsx zaqwsx zxc zxcvbn zxcvbnm
        """.split(separator: " ").map(String.init))
}
