//! Which kind of file system a path lies on, as far as the system tells. Over a network, locks and
//! flushes do not hold what SQLite builds on.

use std::path::Path;

/// The file systems that SQLite must not be put on.
const OVER_A_NETWORK: &[&str] = &["9p", "cifs", "fuse.sshfs", "nfs", "nfs4", "smb3", "smbfs"];

/// The name of the network file system that the folder lies on; `None` when it is another one, or
/// when the system does not tell.
pub(crate) fn network_file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = kind_of(&mounts, folder.to_str()?)?;
    OVER_A_NETWORK.contains(&kind).then(|| kind.to_owned())
}

/// The kind of the mount that covers the path. Where several cover it, the deepest one counts, and
/// of those the one that was mounted last.
fn kind_of<'m>(mounts: &'m str, path: &str) -> Option<&'m str> {
    let mut deepest: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let Some((mount, kind)) = parse(line) else {
            continue;
        };
        let length = mount.trim_end_matches('/').len();
        let covers = path.starts_with(mount.trim_end_matches('/'))
            && matches!(path.as_bytes().get(length), None | Some(b'/'));
        if covers && deepest.is_none_or(|(deep, _)| deep <= length) {
            deepest = Some((length, kind));
        }
    }
    deepest.map(|(_, kind)| kind)
}

/// Mount point and kind: the fifth field, and the first one after the dash.
fn parse(line: &str) -> Option<(String, &str)> {
    let (fields, rest) = line.split_once(" - ")?;
    let mount = fields.split(' ').nth(4)?;
    Some((unescaped(mount), rest.split(' ').next()?))
}

/// Blanks and backslashes stand in the table as a backslash and three octal digits.
fn unescaped(field: &str) -> String {
    ["\\040", "\\011", "\\012", "\\134"]
        .into_iter()
        .zip([" ", "\t", "\n", "\\"])
        .fold(field.to_owned(), |text, (escaped, plain)| {
            text.replace(escaped, plain)
        })
}

#[cfg(test)]
mod tests {
    use super::{OVER_A_NETWORK, kind_of};

    const MOUNTS: &str = "\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:30 / /srv rw,relatime shared:1 - nfs4 server:/export rw
31 30 254:1 / /srv/local rw,relatime - xfs /dev/vdb rw
32 22 0:32 / /mnt/my\\040share rw master:2 - cifs //server/share rw
33 22 0:33 / /var rw - tmpfs tmpfs rw
34 22 254:2 / /var rw - ext4 /dev/vdc rw
";

    #[test]
    fn the_deepest_mount_decides_and_the_later_of_two() {
        for (path, kind) in [
            ("/home/agent", "ext4"),
            ("/srv", "nfs4"),
            ("/srv/data", "nfs4"),
            ("/srvx", "ext4"),
            ("/srv/local/data", "xfs"),
            ("/mnt/my share/data", "cifs"),
            ("/var/lib", "ext4"),
        ] {
            assert_eq!(kind_of(MOUNTS, path), Some(kind), "{path}");
        }
    }

    #[test]
    fn shares_are_refused_and_disks_are_not() {
        for kind in ["nfs4", "cifs"] {
            assert!(OVER_A_NETWORK.contains(&kind), "{kind}");
        }
        for kind in ["ext4", "xfs", "btrfs", "tmpfs", "overlay"] {
            assert!(!OVER_A_NETWORK.contains(&kind), "{kind}");
        }
    }

    #[test]
    fn a_table_that_cannot_be_read_decides_nothing() {
        assert_eq!(kind_of("", "/a"), None);
        assert_eq!(kind_of("nonsense\n1 2 3 - \n", "/a"), None);
    }
}
