extension Step {
    /// The same step about other deployments and tabs, and with other keys.
    func renamed(_ rename: (String) -> String) -> Step {
        func renamed(_ condition: Condition) -> Condition {
            var condition = condition
            condition.deployment = rename(condition.deployment)
            return condition
        }
        var step = self
        switch action {
        case .login, .logout, .list, .sleep: break
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
        case .retry(let deployment, let status):
            step.action = .retry(deployment: rename(deployment), status: status)
        case .wait(let condition): step.action = .wait(renamed(condition))
        }
        return step
    }
}
