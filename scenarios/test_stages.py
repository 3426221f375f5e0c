"""FROM and ARG: stages, platforms, and the scopes of arguments."""

from __future__ import annotations

from kit.builds import Builds
from kit.busybox import ARCHITECTURE
from kit.marks import scenario
from kit.outcomes import holds, same

INTERACT = "#understand-how-arg-and-from-interact"
PLATFORM = "#automatic-platform-args-in-the-global-scope"
MANY = "docs/multi-platform.md"
OTHER = "arm64" if ARCHITECTURE == "amd64" else "amd64"


@scenario("FROM a stage", "FROM stage", "#from")
def test_from_stage(build: Builds) -> None:
    """Files and settings are the stage's; names are the same in capitals."""
    dockerfile = """
        FROM scratch AS Base
        COPY f /
        ENV a=1
        FROM base
        COPY f /g
    """
    image = build.image(dockerfile, {"f": "x"})
    seen = (len(image.layers), "a=1" in image.config["Env"])
    same("layers and variable", seen, (2, True))


@scenario("FROM with an argument", "ARG T=latest\\nFROM image:$T", INTERACT)
def test_from_arg(build: Builds) -> None:
    """The argument before FROM is replaced, its default too."""
    dockerfile = """
        ARG T=none
        ARG I=busybox
        FROM $I:${T}
    """
    image = build.image(dockerfile, opts={"build-arg:T": "latest"})
    same("base label", image.config["Labels"], {"base": "busybox"})


@scenario("FROM, argument as a stage", "ARG S\\nFROM $S", INTERACT)
def test_from_arg_stage(build: Builds) -> None:
    """An argument can name a stage."""
    dockerfile = """
        ARG S=a
        FROM scratch AS a
        ENV is=a
        FROM scratch AS b
        ENV is=b
        FROM $S
    """
    image = build.image(dockerfile, opts={"build-arg:S": "b"})
    holds("stage b", "is=b" in image.config["Env"], image.config["Env"])


@scenario("FROM --platform", "FROM --platform=linux/arm64 image", "#from")
def test_from_platform(build: Builds) -> None:
    """The image is that for the platform, where the registry has several."""
    name = f"{build.live.registry.address}/{build.nonce}"
    build.run(
        "FROM scratch\nARG TARGETARCH\nCOPY f /\nLABEL for=$TARGETARCH\n",
        {"f": "x"},
        output=f"type=image,name={name},push=true",
        opts={"platform": "linux/amd64,linux/arm64"},
    )
    image = build.image(f"FROM --platform=linux/{OTHER} {name}\n")
    same("the label", image.config["Labels"]["for"], OTHER)


@scenario("Stages that nobody needs", "FROM … AS unused", "#from", area="FROM")
def test_unused_stage(build: Builds) -> None:
    """They are not built."""
    dockerfile = """
        FROM busybox AS unused
        RUN false
        FROM scratch
        COPY f /
    """
    same("files", build.tree(dockerfile, {"f": "x"}).files, ["f"])


@scenario("ARG", "ARG a=default", "#arg")
def test_arg(build: Builds) -> None:
    """The client's value counts before the default, and is not in the image."""
    dockerfile = """
        FROM busybox
        ARG a=default
        ARG b=default
        ARG c
        RUN echo $a $b [$c] >/got
    """
    image = build.image(dockerfile, opts={"build-arg:a": "given"})
    same("/got", image.layer(-1)["got"].text, "given default []")
    same("Env", image.config["Env"], ["PATH=/bin"])


@scenario("ARG, scope", "ARG a\\nFROM …\\nARG a", "#scope")
def test_arg_scope(build: Builds) -> None:
    """One from before FROM is known in a stage that names it; one of a stage is not in others."""
    dockerfile = """
        ARG global=1
        FROM busybox AS s
        ARG own=2
        FROM busybox
        RUN echo [$global] [$own] >/first
        ARG global
        ARG own
        RUN echo [$global] [$own] | cat /first - >/got
    """
    same("/got", build.got(dockerfile), "[] []\n[1] []")


@scenario("ARG, inherited", "FROM stage\\n… $a", "#scope")
def test_arg_inherited(build: Builds) -> None:
    """A stage has the arguments of the stage that it begins with."""
    dockerfile = """
        FROM busybox AS s
        ARG a=1
        FROM s
        RUN echo [$a] >/got
    """
    same("/got", build.got(dockerfile), "[1]")


@scenario("ARG and ENV", "ARG a\\nENV a=1", "#using-arg-variables")
def test_arg_env(build: Builds) -> None:
    """ENV counts before ARG of the same name; ENV can take the argument's value."""
    dockerfile = """
        FROM busybox
        ARG a=1
        ENV a=2
        ARG b=3
        ENV b=${b}4
        RUN echo $a $b >/got
    """
    same("/got", build.got(dockerfile, opts={"build-arg:a": "5"}), "2 34")


@scenario("ARG, many in a line", "ARG a=1 b c=3", "#arg", "1.2")
def test_arg_many(build: Builds) -> None:
    """All of them are declared."""
    dockerfile = "FROM busybox\nARG a=1 b c=3\nRUN echo $a $b $c >/got\n"
    same("/got", build.got(dockerfile, opts={"build-arg:b": "2"}), "1 2 3")


@scenario("ARG, predefined proxies", "build-arg:HTTP_PROXY", "#predefined-args")
def test_arg_proxy(build: Builds) -> None:
    """Commands have them undeclared; image and history do not, nor does the cache."""
    dockerfile = f"FROM busybox\nRUN echo $HTTP_PROXY$no_proxy {build.nonce} >/got\n"
    first = build.image(dockerfile, opts={"build-arg:HTTP_PROXY": "p", "build-arg:no_proxy": "n"})
    other = build.got(dockerfile, opts={"build-arg:HTTP_PROXY": "q"})
    same("/got", first.layer(-1)["got"].text, f"pn {build.nonce}")
    same("/got with another proxy", other, f"pn {build.nonce}")
    same("Env", first.config["Env"], ["PATH=/bin"])


@scenario("ARG, platforms", "ARG TARGETPLATFORM", PLATFORM)
def test_arg_platforms(build: Builds) -> None:
    """The platform of the build and of the result are known, in their parts too."""
    dockerfile = """
        FROM --platform=$BUILDPLATFORM busybox
        ARG BUILDPLATFORM
        ARG TARGETPLATFORM
        ARG TARGETOS
        ARG TARGETARCH
        RUN echo $BUILDPLATFORM $TARGETPLATFORM $TARGETOS $TARGETARCH >/got
    """
    found = build.tree(dockerfile, opts={"platform": f"linux/{OTHER}"})["got"].text
    same("/got", found, f"linux/{ARCHITECTURE} linux/{OTHER} linux {OTHER}")


@scenario("ARG TARGETSTAGE", "ARG TARGETSTAGE", PLATFORM, "1.11")
def test_arg_targetstage(build: Builds) -> None:
    """The name of the stage that is asked for."""
    dockerfile = """
        FROM busybox AS one
        ARG TARGETSTAGE
        RUN echo [$TARGETSTAGE] >/got
        FROM one
    """
    seen = [build.got(dockerfile, opts=opts) for opts in ({"target": "one"}, {})]
    same("/got with and without target", seen, ["[one]", "[default]"])


@scenario(
    "Many platforms",
    "--opt platform=linux/amd64,linux/arm64",
    MANY,
    area="FROM",
)
def test_platforms(build: Builds) -> None:
    """There is an image for each, made with its own arguments."""
    dockerfile = """
        FROM scratch
        ARG TARGETARCH
        COPY $TARGETARCH /f
    """
    files = {"amd64": "A", "arm64": "B"}
    tree = build.tree(dockerfile, files, opts={"platform": "linux/amd64,linux/arm64"})
    seen = {path: tree[path].text for path in tree.files}
    same("files", seen, {"linux_amd64/f": "A", "linux_arm64/f": "B"})


@scenario(
    "Many platforms, image",
    "--opt platform=…,… --output type=oci",
    MANY,
    area="FROM",
)
def test_platforms_image(build: Builds) -> None:
    """The index has an image for each."""
    opts = {"platform": "linux/amd64,linux/arm64"}
    image = build.image("FROM scratch\nCOPY f /\n", {"f": "x"}, opts=opts)
    seen = sorted(one["platform"]["architecture"] for one in image.manifests)
    same("platforms", seen, ["amd64", "arm64"])


@scenario(
    "Many platforms, one of them",
    "--opt multi-platform=true",
    MANY,
    area="FROM",
)
def test_platforms_single(build: Builds) -> None:
    """The files are in the platform's folder, although it is the only one."""
    tree = build.tree("FROM scratch\nCOPY f /\n", {"f": "x"}, opts={"multi-platform": "true"})
    same("files", tree.files, [f"linux_{ARCHITECTURE}/f"])
