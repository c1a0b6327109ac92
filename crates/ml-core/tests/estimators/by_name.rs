//! What other languages ask of estimators that they know by name.

use array_api_spec::{Array, reference::Reference};
use ml_core::{
    AnySeen, ESTIMATORS, LinearDiscriminantAnalysis, Ridge, Seen, Shrinkage, Solver, With,
    datasets, estimator_by_name, model_from_bytes, seen_from_bytes,
};

fn iris() -> (Array<Reference>, Array<Reference>) {
    let xp = array_api_spec::reference::namespace();
    datasets::load_iris(&xp).expect("room")
}

#[test]
fn what_is_known_beforehand_is_complete() {
    for name in ESTIMATORS {
        let estimator = estimator_by_name::<Reference>(name).expect("a name of the list");
        let about = estimator.about();
        assert_eq!(about.name, *name);
        let path: Vec<&str> = about.path.split("::").collect();
        assert_eq!(path[0], "ml_core", "{name}");
        assert!(about.doc.contains("scikit-learn"), "{name}: {}", about.doc);
        let names: Vec<String> = estimator.get_params().into_iter().map(|(n, _)| n).collect();
        assert_eq!(
            about.parameters.iter().map(|p| p.name).collect::<Vec<_>>(),
            names,
            "{name}"
        );
        for parameter in about.parameters {
            assert!(!parameter.doc.trim().is_empty() && !parameter.of.is_empty());
        }
        // The attributes that are listed are those that fits compute.
        let (x, y) = iris();
        let model = estimator.fit(&x, Some(&y), With::default()).expect(name);
        let parts = model.parts();
        let computed = parts.arrays.iter().map(|(name, _)| name);
        for computed in computed.chain(parts.values.keys()) {
            assert!(
                about.attributes.iter().any(|rule| rule.name == computed),
                "{name}: {computed}"
            );
        }
        assert_eq!(
            model.score(&x, Some(&y), None).is_ok(),
            about.has_score,
            "{name}"
        );
        assert_eq!(
            estimator.observe(&x, Some(&y), With::default()).is_ok(),
            about.is_incremental,
            "{name}"
        );
        estimator.check().expect("defaults are good");
    }
}

#[test]
fn models_go_through_bytes() {
    let ((x, y), xp) = (iris(), array_api_spec::reference::namespace());
    for name in ESTIMATORS {
        let estimator = estimator_by_name::<Reference>(name).expect("a name of the list");
        let model = estimator.fit(&x, Some(&y), With::default()).expect(name);
        let bytes = model.to_bytes().expect("room");
        let again = model_from_bytes(&bytes, &xp).expect(name);
        assert_eq!(format!("{again:?}"), format!("{model:?}"));
        let cut = model_from_bytes(&bytes[..bytes.len() - 1], &xp).expect_err(name);
        assert!(cut.to_string().contains("the bytes"), "{cut}");
        assert!(seen_from_bytes(&bytes, &xp).is_err(), "{name}");
    }
}

#[test]
fn what_was_seen_merges_with_its_like_alone() {
    let (x, y) = iris();
    let mut all: Vec<Box<dyn AnySeen<Reference>>> = Vec::new();
    for name in ESTIMATORS {
        let estimator = estimator_by_name::<Reference>(name).expect("a name of the list");
        let seen = estimator.observe(&x, Some(&y), With::default());
        if estimator.about().is_incremental {
            all.push(seen.expect(name));
        } else {
            let error = seen.expect_err(name).to_string();
            assert!(error.contains("fit to all of them together"), "{error}");
        }
    }
    let mixed = all[0].merged(&*all[1]).expect_err("two estimators");
    assert!(mixed.to_string().contains("another estimator"), "{mixed}");
}

/// What an estimator of a known type has seen goes through a file.
#[test]
fn what_was_seen_is_saved() {
    let ((x, y), xp) = (iris(), array_api_spec::reference::namespace());
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("seen");
    let seen = LinearDiscriminantAnalysis::default()
        .observe(&x, &y)
        .expect("good samples");
    seen.save(&path).expect("a written file");
    let again = Seen::<LinearDiscriminantAnalysis, _>::load(&path, &xp).expect("a good file");
    let models = [seen, again].map(|seen| seen.conclude().expect("enough samples"));
    assert_eq!(format!("{:?}", models[0]), format!("{:?}", models[1]));
    assert!(Seen::<Ridge, _>::load(&path, &xp).is_err());
}

/// Ledoit and Wolf's formula needs more than the scatter.
#[test]
fn shrinkage_auto_does_not_add_up() {
    let (x, y) = iris();
    let lda = LinearDiscriminantAnalysis::default().solver(Solver::Lsqr);
    let error = lda.shrinkage(Shrinkage::Auto).observe(&x, &y);
    let error = error.expect_err("no statistics").to_string();
    assert!(error.contains("shrinkage = auto"), "{error}");
}

/// Statistics of other parameters, as a stranger's file may pair them, give no model rather than one that ignores the priors.
#[test]
fn statistics_must_be_of_the_parameters() {
    let ((x, y), xp) = (iris(), array_api_spec::reference::namespace());
    let lda = LinearDiscriminantAnalysis::default().solver(Solver::Lsqr);
    let priors = lda.clone().priors([0.2, 0.3, 0.5]);
    let mut parts = lda
        .observe(&x, &y)
        .and_then(|seen| seen.parts())
        .expect("good samples");
    let other = priors
        .observe(&x, &y)
        .and_then(|seen| seen.parts())
        .expect("good samples");
    parts.parameters = other.parameters;
    let seen =
        Seen::<LinearDiscriminantAnalysis, _>::from_parts(parts, &xp).expect("sizes that fit");
    let error = seen.conclude().expect_err("no model").to_string();
    assert!(error.contains("of each class is needed"), "{error}");
}
