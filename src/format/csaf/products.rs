//! The product tree: what the ids of a document name.
//!
//! An id is the document's own and says nothing. A product is named by its purl, else by its CPE, else by its full name;
//! what else it is (the branches above it with version or range, every helper) tells it from others of that name. A product
//! that is a component of another and has no purl of its own is named `whole -> part`, as in OpenVEX.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use crate::format::details::Details;
use crate::format::error::FormatError;
use crate::format::text::Unfolding;
use crate::model::package::Purl;
use crate::model::vex::COMPONENT_SEPARATOR;

pub(super) const FORMAT: &str = "CSAF";

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ProductTree {
    branches: Vec<Branch>,
    full_product_names: Vec<Product>,
    relationships: Vec<Relationship>,
    product_groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    category: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    branches: Vec<Branch>,
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Product {
    product_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    product_identification_helper: Helper,
}

/// Whatever helps to identify a product.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Helper {
    purl: Option<String>,
    cpe: Option<String>,
    model_numbers: Vec<String>,
    serial_numbers: Vec<String>,
    skus: Vec<String>,
    sbom_urls: Vec<String>,
    hashes: Vec<FileHashes>,
    x_generic_uris: Vec<GenericUri>,
}

#[derive(Deserialize)]
struct FileHashes {
    #[serde(default)]
    file_hashes: Vec<FileHash>,
    filename: Option<String>,
}

#[derive(Deserialize)]
struct FileHash {
    algorithm: String,
    value: String,
}

#[derive(Deserialize)]
struct GenericUri {
    namespace: Option<String>,
    uri: Option<String>,
}

impl Product {
    /// A name that means the same in other documents, where there is one that is made for that.
    fn identity(&self) -> Option<String> {
        let helper = &self.product_identification_helper;
        let canonical = |purl: &String| purl.parse::<Purl>().map_or_else(|_| purl.clone(), |purl| purl.to_string());
        helper.purl.as_ref().map(canonical).or_else(|| helper.cpe.clone())
    }

    /// What it is besides.
    fn details(&self) -> Details {
        let Helper { purl: _, cpe, model_numbers, serial_numbers, skus, sbom_urls, hashes, x_generic_uris } =
            &self.product_identification_helper;
        let mut details = Details::default();
        details.add("name", &self.name);
        details.maybe("cpe", cpe.as_ref());
        details.each("model", model_numbers);
        details.each("serial", serial_numbers);
        details.each("sku", skus);
        details.each("sbom", sbom_urls);
        for FileHashes { file_hashes, filename } in hashes {
            let file = filename.as_deref().unwrap_or_default();
            details.each("hash", file_hashes.iter().map(|hash| format!("{file} {} {}", hash.algorithm, hash.value)));
        }
        for GenericUri { namespace, uri } in x_generic_uris {
            let said: Vec<&str> = namespace.iter().chain(uri).map(String::as_str).collect();
            details.add("address", said.join(" "));
        }
        details
    }
}

#[derive(Deserialize)]
struct Relationship {
    #[serde(default)]
    category: String,
    product_reference: String,
    relates_to_product_reference: String,
    full_product_name: Product,
}

#[derive(Deserialize)]
struct Group {
    group_id: String,
    product_ids: Vec<String>,
}

/// A product as statements speak of it.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) details: BTreeSet<String>,
}

/// What ids name, and the members of groups, by id.
pub(super) struct Products {
    named: HashMap<String, Named>,
    groups: HashMap<String, Vec<String>>,
}

impl Products {
    /// Reads a tree. A relationship may refer to those before it.
    pub(super) fn of(tree: ProductTree, unfolding: &mut Unfolding) -> Result<Self, FormatError> {
        let mut products = Self { named: HashMap::new(), groups: HashMap::new() };
        for product in tree.full_product_names {
            products.add(product, "")?;
        }
        // Not by recursion: branches nest as deep as the document.
        let mut branches: Vec<(String, Branch)> =
            tree.branches.into_iter().map(|branch| (String::new(), branch)).collect();
        while let Some((above, branch)) = branches.pop() {
            let Branch { category, name, branches: below, product } = branch;
            let path =
                if above.is_empty() { format!("{category} {name}") } else { format!("{above} / {category} {name}") };
            for branch in below {
                unfolding.take([path.as_str()])?;
                branches.push((path.clone(), branch));
            }
            if let Some(product) = product {
                products.add(product, &path)?;
            }
        }
        for relationship in tree.relationships {
            let Relationship { category, product_reference: part, relates_to_product_reference: whole, .. } =
                &relationship;
            let (whole, part) = (products.named(whole), products.named(part));
            unfolding.take(
                [&whole.name, &part.name].into_iter().chain(&whole.details).chain(&part.details).map(String::as_str),
            )?;
            let name = format!("{}{COMPONENT_SEPARATOR}{}", whole.name, part.name);
            let mut details = relationship.full_product_name.details();
            details.add("relation", category);
            details.each("whole", &whole.details);
            details.each("part", &part.details);
            let product = relationship.full_product_name;
            let name = product.identity().unwrap_or(name);
            products.claim(product.product_id, Named { name, details: details.done() })?;
        }
        for group in tree.product_groups {
            products.groups.entry(group.group_id).or_default().extend(group.product_ids);
        }
        Ok(products)
    }

    fn add(&mut self, product: Product, branch: &str) -> Result<(), FormatError> {
        let mut details = product.details();
        details.add("branch", branch);
        let name = product.identity().or_else(|| Some(product.name.clone()).filter(|name| !name.is_empty()));
        let name = name.unwrap_or_else(|| product.product_id.clone());
        self.claim(product.product_id, Named { name, details: details.done() })
    }

    fn claim(&mut self, id: String, named: Named) -> Result<(), FormatError> {
        match self.named.insert(id.clone(), named) {
            None => Ok(()),
            Some(_) => Err(FormatError::DuplicateId { format: FORMAT, id }),
        }
    }

    /// Every product of the tree.
    pub(super) fn all(&self) -> impl Iterator<Item = &Named> {
        self.named.values()
    }

    /// What an id names; an id that the tree does not hold names itself.
    pub(super) fn named(&self, id: &str) -> Named {
        self.named.get(id).cloned().unwrap_or_else(|| Named { name: id.to_owned(), details: BTreeSet::new() })
    }

    /// The ids of a group.
    pub(super) fn group(&self, id: &str) -> &[String] {
        self.groups.get(id).map_or(&[], Vec::as_slice)
    }
}
