import os

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, get, rmdir

required_conan_version = ">=2.1"


class LoopchanConan(ConanFile):
    name = "loopchan"
    description = "Channels into a libuv event loop"
    license = "MIT"
    topics = ("libuv", "channel", "queue", "event-loop", "threads")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    languages = "C"
    implements = ["auto_shared_fpic"]

    def layout(self):
        cmake_layout(self, src_folder="src")

    def requirements(self):
        # loopchan.h includes uv.h, and its users call libuv.
        self.requires("libuv/[>=1.42 <2]", transitive_headers=True,
                      transitive_libs=True)

    def source(self):
        get(self, **self.conan_data["sources"][self.version], strip_root=True)

    def generate(self):
        tc = CMakeToolchain(self)
        tc.cache_variables["LOOPCHAN_BUILD_TESTS"] = "OFF"
        tc.cache_variables["LOOPCHAN_BUILD_EXAMPLES"] = "OFF"
        tc.cache_variables["LOOPCHAN_PROBES"] = "OFF"
        tc.cache_variables["LOOPCHAN_BUILD_SHARED"] = bool(self.options.shared)
        tc.cache_variables["LOOPCHAN_BUILD_STATIC"] = not self.options.shared
        tc.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", src=self.source_folder,
             dst=os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        # CMakeDeps and PkgConfigDeps make these for the consumer.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))
        rmdir(self, os.path.join(self.package_folder, "share"))

    def package_info(self):
        self.cpp_info.libs = ["loopchan"]
        self.cpp_info.set_property("cmake_file_name", "loopchan")
        self.cpp_info.set_property("pkg_config_name", "loopchan")
        target = "loopchan::loopchan"
        if self.options.shared:
            target = "loopchan::loopchan_shared"
            self.cpp_info.defines = ["LOOPCHAN_USING_SHARED"]
        elif self.settings.os == "Windows" and \
                self.settings.get_safe("compiler.runtime"):
            # Its static library is not called as the one for its DLL.
            self.cpp_info.libs = ["libloopchan"]
        self.cpp_info.set_property("cmake_target_name", target)
        if self.settings.os in ("Linux", "FreeBSD"):
            self.cpp_info.system_libs = ["pthread"]
            # Processors of 32 bits that have no atomics of 64.
            if self.settings.arch in ("armv4", "armv4i", "armv5el", "armv5hf",
                                      "mips", "ppc32", "ppc32be"):
                self.cpp_info.system_libs.append("atomic")
