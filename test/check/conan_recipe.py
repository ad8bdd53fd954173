"""conan_recipe.py RECIPE TARBALL WORK PACKAGE COMPILER SHARED: runs the steps of
the Conan recipe in that folder, in Conan's order, with just so much of Conan as
they call, as its documentation says what that does. Prints what the recipe then
says of the package, as JSON."""
import ast
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tarfile
import types


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        sys.exit(done.stdout.decode())


class Info:
    def __init__(self):
        self.libs, self.defines, self.system_libs = [], [], []
        self.properties = {}

    def set_property(self, name, value):
        self.properties[name] = value


class Settings(dict):
    __getattr__ = dict.__getitem__


class ConanFile:
    def __init__(self):
        self.options = Settings(self.default_options)
        self.settings = Settings(os="Linux", compiler="gcc", arch="x86_64",
                                 build_type="Release")
        self.cpp_info = Info()
        self.required = []

    def requires(self, reference, **traits):
        self.required.append([reference, traits])


class CMakeToolchain:
    def __init__(self, recipe):
        self.recipe, self.cache_variables = recipe, {}

    def generate(self):
        self.recipe.variables = self.cache_variables


class CMakeDeps:
    def __init__(self, recipe):
        pass

    def generate(self):
        pass


class CMake:
    def __init__(self, recipe):
        self.recipe = recipe

    def configure(self):
        given = [f"-D{name}={value}"
                 for name, value in self.recipe.variables.items()]
        run(cmake, "-S", self.recipe.source_folder, "-B",
            self.recipe.build_folder, "-DCMAKE_BUILD_TYPE=Release",
            "-DCMAKE_INSTALL_LIBDIR=lib",
            "-DCMAKE_FIND_PACKAGE_PREFER_CONFIG=ON",
            f"-DCMAKE_INSTALL_PREFIX={self.recipe.package_folder}",
            f"-DCMAKE_C_COMPILER={compiler}", *given)

    def build(self):
        run(cmake, "--build", self.recipe.build_folder)

    def install(self):
        run(cmake, "--install", self.recipe.build_folder)


def cmake_layout(recipe, src_folder="."):
    recipe.source_folder = os.path.join(work, src_folder)
    recipe.build_folder = os.path.join(work, "build")


def get(recipe, url, sha256, strip_root=False):
    """What the recipe fetches has to be the release that is there."""
    with open(tarball, "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == sha256
    assert url.endswith("/" + os.path.basename(tarball)) and strip_root
    with tarfile.open(tarball) as archive:
        archive.extractall(work)
    root = os.path.basename(tarball)[:-len(".tar.gz")]
    shutil.move(os.path.join(work, root), recipe.source_folder)


def copy(_, pattern, src, dst):
    os.makedirs(dst, exist_ok=True)
    shutil.copy(os.path.join(src, pattern), dst)


def rmdir(_, path):
    shutil.rmtree(path, ignore_errors=True)


def stand_in(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module


def conandata(path):
    """The one shape of YAML that the file has."""
    versions, version = {}, None
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert lines.pop(0) == "sources:"
    for line in lines:
        key, value = line.strip().split(":", 1)
        if value:
            versions[version][key] = ast.literal_eval(value.strip())
        else:
            version = ast.literal_eval(key)
            versions[version] = {}
    return {"sources": versions}


folder, tarball, work, package, cmake, compiler, shared = sys.argv[1:]
stand_in("conan", ConanFile=ConanFile)
stand_in("conan.tools")
stand_in("conan.tools.cmake", CMake=CMake, CMakeDeps=CMakeDeps,
         CMakeToolchain=CMakeToolchain, cmake_layout=cmake_layout)
stand_in("conan.tools.files", copy=copy, get=get, rmdir=rmdir)
spec = importlib.util.spec_from_file_location(
    "recipe", os.path.join(folder, "conanfile.py"))
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

recipe = module.LoopchanConan()
recipe.conan_data = conandata(os.path.join(folder, "conandata.yml"))
(recipe.version,) = recipe.conan_data["sources"]
recipe.options["shared"] = shared == "shared"
recipe.package_folder = package
recipe.layout()
recipe.requirements()
recipe.source()
recipe.generate()
recipe.build()
recipe.package()
recipe.package_info()
((libuv, traits),) = recipe.required
assert traits == {"transitive_headers": True, "transitive_libs": True}
print(json.dumps({"requires": libuv, "libs": recipe.cpp_info.libs,
                  "target": recipe.cpp_info.properties["cmake_target_name"]}))
