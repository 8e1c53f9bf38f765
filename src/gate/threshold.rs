//! How bad a finding must be to fail a run: `high`, or `high:likely` with the least confidence.

use std::fmt;
use std::str::FromStr;

use crate::assess::Confidence;
use crate::rules::Severity;
use crate::rules::finding::Finding;
use crate::text::nearest::nearest;

/// The least severity and confidence of a finding that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// Least severity.
    pub severity: Severity,
    /// Least confidence.
    pub confidence: Confidence,
}

impl Threshold {
    /// Whether a finding is at least as bad and as sure.
    pub fn reached_by(self, finding: &Finding) -> bool {
        self.reached(finding.rule.severity, finding.confidence)
    }

    /// The same of a severity and a confidence.
    pub fn reached(self, severity: Severity, confidence: Confidence) -> bool {
        severity >= self.severity && confidence >= self.confidence
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.confidence {
            Confidence::Possible => self.severity.fmt(f),
            confidence => write!(f, "{}:{confidence}", self.severity),
        }
    }
}

/// Why a text is no threshold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not a {what}: {}", known.join(", "))]
pub struct ThresholdFault {
    word: String,
    what: &'static str,
    known: Vec<&'static str>,
    /// The one that was probably meant.
    pub near: Option<&'static str>,
}

impl FromStr for Threshold {
    type Err = ThresholdFault;

    fn from_str(text: &str) -> Result<Self, ThresholdFault> {
        let (severity, confidence) = match text.split_once(':') {
            Some((severity, confidence)) => (severity, Some(confidence)),
            None => (text, None),
        };
        let severities = Severity::ALL.map(|severity| (severity.name(), severity));
        let confidences = Confidence::ALL.map(|confidence| (confidence.name(), confidence));
        Ok(Self {
            severity: of_name("severity", severity, &severities)?,
            confidence: match confidence {
                Some(word) => of_name("confidence", word, &confidences)?,
                None => Confidence::Possible,
            },
        })
    }
}

fn of_name<T: Copy>(
    what: &'static str,
    word: &str,
    known: &[(&'static str, T)],
) -> Result<T, ThresholdFault> {
    let found = known
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word));
    let known: Vec<&'static str> = known.iter().map(|(name, _)| *name).collect();
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| ThresholdFault {
            word: word.to_owned(),
            what,
            near: nearest(word, known.iter().copied()),
            known,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_severity_alone_takes_every_confidence() {
        let threshold: Threshold = "high".parse().unwrap();
        assert_eq!(threshold.confidence, Confidence::Possible);
        assert_eq!(threshold.to_string(), "high");
    }

    #[test]
    fn a_confidence_may_follow() {
        let threshold: Threshold = "medium:certain".parse().unwrap();
        assert_eq!(threshold.severity, Severity::Medium);
        assert_eq!(threshold.confidence, Confidence::Certain);
        assert_eq!(threshold.to_string(), "medium:certain");
    }

    #[test]
    fn slips_are_named_with_what_is_known() {
        let fault = "hihg".parse::<Threshold>().unwrap_err();
        assert_eq!(
            fault.to_string(),
            "`hihg` is not a severity: critical, high, medium, low, info"
        );
        assert_eq!(fault.near, Some("high"));
        let fault = "high:sure".parse::<Threshold>().unwrap_err();
        assert_eq!(
            fault.to_string(),
            "`sure` is not a confidence: certain, likely, possible"
        );
        assert!("".parse::<Threshold>().is_err());
        assert!("high:".parse::<Threshold>().is_err());
    }
}
