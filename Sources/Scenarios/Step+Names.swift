extension Step {
    /// The deployments, tabs and marks that it makes.
    var names: [String] {
        switch action {
        case .create(let creation): [creation.label, creation.name]
        case .openPage(_, let tab, _): [tab]
        case .mark(let name): [name]
        default: []
        }
    }

    /// The same step about other deployments and tabs, and with other keys.
    func renamed(_ rename: (String) -> String) -> Step {
        func renamed(_ condition: Condition) -> Condition {
            var condition = condition
            condition.deployment = rename(condition.deployment)
            return condition
        }
        var step = self
        switch action {
        case .login, .logout, .list, .sleep, .at, .goOffline: break
        case .mark(let name): step.action = .mark(rename(name))
        case .waitFor(.mark(let name), let within): step.action = .waitFor(.mark(rename(name)), within: within)
        case .waitFor(.frame(let pattern, let tab), let within):
            step.action = .waitFor(.frame(pattern, tab: rename(tab)), within: within)
        case .waitFor(.calls, _): break
        case .request(var request):
            // Deployments are named in the path alone.
            request.path = request.path.replacing(/\$\{([^}]*)\}/) { "${" + rename(String($0.1)) + "}" }
            step.action = .request(request)
        case .retry(let deployment, let status):
            step.action = .retry(deployment: rename(deployment), status: status)
        case .compareView(let tab): step.action = .compareView(tab: rename(tab))
        case .create(var creation):
            creation.label = rename(creation.label)
            creation.name = rename(creation.name)
            step.action = .create(creation)
        case .openPage(let deployment, let tab, let pause):
            step.action = .openPage(
                deployment: rename(deployment), tab: rename(tab), pauseAfterFetch: pause.map(renamed))
        case .closePage(let tab): step.action = .closePage(tab: rename(tab))
        case .dropSocket(let tab): step.action = .dropSocket(tab: rename(tab))
        case .unsubscribe(let tab): step.action = .unsubscribe(tab: rename(tab))
        case .stallSocket(let tab, let spread): step.action = .stallSocket(tab: rename(tab), spread)
        case .halfOpen(let tab, let spread): step.action = .halfOpen(tab: rename(tab), spread)
        case .send(let tab, let text, let times): step.action = .send(tab: rename(tab), text: text, times: times)
        case .delete(let deployment): step.action = .delete(deployment: rename(deployment))
        case .wait(let condition): step.action = .wait(renamed(condition))
        }
        return step
    }
}
