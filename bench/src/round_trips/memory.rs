//! How much memory `template.yaml` gives a function, MB.

use std::{fs, path::Path};

/// Of the function `id`: its own setting, or that of all functions.
pub(super) fn of(id: &str) -> u32 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    in_template(&fs::read_to_string(path).unwrap(), id)
}

fn in_template(template: &str, id: &str) -> u32 {
    let own = block(template, &format!("  {id}:")).unwrap_or_else(|| panic!("no {id}"));
    let of_all = block(template, "Globals:").unwrap();
    setting(own).or(setting(of_all)).expect("a function has memory")
}

/// What stands under the line `head`, indented more than that.
fn block<'a>(template: &'a str, head: &str) -> Option<impl Iterator<Item = &'a str> + use<'a>> {
    let indent = head.len() - head.trim_start().len();
    let mut lines = template.lines();
    lines.find(|line| *line == head)?;
    let is_inside =
        move |line: &&str| line.trim().is_empty() || line.len() - line.trim_start().len() > indent;
    Some(lines.take_while(is_inside))
}

fn setting<'a>(mut lines: impl Iterator<Item = &'a str>) -> Option<u32> {
    let value = lines.find_map(|line| line.trim().strip_prefix("MemorySize:"))?;
    value.split('#').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::in_template;

    const TEMPLATE: &str = "\
Globals:
  Function:
    MemorySize: 128

Resources:
  Small:
    Properties:
      Timeout: 10
  Large:
    Properties:
      MemorySize: 512 # for hashing
";

    #[test]
    fn a_function_has_its_own_memory_or_that_of_all() {
        assert_eq!(in_template(TEMPLATE, "Small"), 128);
        assert_eq!(in_template(TEMPLATE, "Large"), 512);
    }
}
