"""The commands as users run them: a process each, nothing of it in ours."""

from stacks import KEY, VM


def a_session_in_a_terminal(stage):
    assert "gAAAAA" in stage.run("token issue")
    assert "debian-12" in stage.run("image list")
    assert "xlarge" in stage.run("flavor list", "hothouse-password")
    assert "public" in stage.run("network list")
    followed = None
    creating = stage.start(f"stack create --wait --poll 1 -t {VM} --parameter 'public_key={KEY}' vm")
    stage.until(
        "the stack", lambda: stage.control("GET", "/requests?operation=heat.stack.create&status=201")["count"], 1000)
    followed = stage.start("stack event list --follow vm")
    out, err = creating.communicate(timeout=60)
    assert creating.returncode == 0, err
    assert "CREATE_COMPLETE" in out, out
    lines = []
    while not lines or "[vm]: CREATE_COMPLETE" not in lines[-1]:
        line = followed.stdout.readline()
        assert line, followed.stderr.read()
        lines.append(line)
    followed.terminate()
    followed.communicate(timeout=20)
    assert any("[vm.server]: CREATE_COMPLETE" in line for line in lines), lines
    assert "CREATE_COMPLETE" in stage.run("stack list")
    assert "203.0.113." in stage.run("stack output show vm address")
    assert "OS::Nova::Server" in stage.run("stack resource list vm")
    assert "Stack DELETE started" in stage.run("stack delete --yes --wait vm")
    assert "vm" not in stage.run("stack list")
    assert "ACTIVE" in stage.run("server create --wait --flavor small --image debian-12 --network private vm")
    assert "ACTIVE" in stage.run("server list")
    assert "203.0.113." in stage.run("floating ip create public")
