//! .NET programs, which have names of their own: beside each lies `NAME.runtimeconfig.json`, and it
//! says whether ASP.NET Core, and so Kestrel, is part of it.
//!
//! Follows the .NET host's documentation of runtimeconfig.json. A program that was published as a
//! single file has no such file, and is not recognised.

use super::host::Host;

/// Name of the service that a program with such a file beside it is. `path`: its executable, or
/// the assembly that `dotnet` runs.
pub(super) fn service(host: &dyn Host, pid: u32, path: &str) -> Option<&'static str> {
    let stem = path.strip_suffix(".dll").unwrap_or(path);
    let file = host.read(pid, &format!("{stem}.runtimeconfig.json"));
    let text = file.ok()??.text;
    let web = text.contains("\"Microsoft.AspNetCore.App\"");
    Some(if web { "kestrel" } else { "dotnet" })
}
